"""The workbench without a screen: data, models, training, jobs, inspection, retrieval, export."""
