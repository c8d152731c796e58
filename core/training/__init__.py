"""From a dataset and a configuration to a trained model and an honest report."""
