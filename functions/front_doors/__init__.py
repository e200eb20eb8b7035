"""Doors to the same models in the protocols of other servers, for clients that people have."""
