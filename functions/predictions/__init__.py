"""Photos that are answered later: taken, and their answers given out."""
