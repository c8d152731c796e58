"""The losses of sentence-transformers that tables can feed."""
