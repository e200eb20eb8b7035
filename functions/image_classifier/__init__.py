"""Photos in, classes out."""
