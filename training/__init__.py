"""Build time: where the tabular models are trained. Nothing here runs in Lambda."""
