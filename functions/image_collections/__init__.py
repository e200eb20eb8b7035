"""A whole collection of photos: planned, and reported; the classifier's image does the rest."""
