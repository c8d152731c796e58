"""One warm process that holds a few models and turns texts into vectors for every page."""
