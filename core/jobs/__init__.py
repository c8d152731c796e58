"""Work that takes longer than a page may wait: a queue, a supervisor, and one process per job."""
