"""Base models from Hugging Face and ModelScope: looked up, fetched, kept in the workspace."""
