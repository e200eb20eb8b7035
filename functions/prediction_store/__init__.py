"""Predictions that are answered later: their items and photos, for who takes and who answers."""
