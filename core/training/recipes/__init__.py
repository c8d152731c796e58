"""Recipes: how somebody trained a model, read from its card or kept from a run of one's own."""
