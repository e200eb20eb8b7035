"""Golden photos against a new version of the classifier, before it gets traffic.

``handler`` → {check, aws} → replay → golden.
"""
