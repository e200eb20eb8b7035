"""What functions with a small tabular model share."""
