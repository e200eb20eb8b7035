"""Four measurements of an iris in, its species out."""
