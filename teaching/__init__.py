"""Build time: one's own categories, from folders of photos to a verified artifact.

TensorFlow and scikit-learn make it, and nothing here runs in Lambda.
"""
