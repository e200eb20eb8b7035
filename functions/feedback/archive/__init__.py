"""Collected feedback as a file, for relabelling or retraining; runs on a desk, not in Lambda."""
