"""Flights from Santiago de Chile in, the probability of a delay of more than 15 minutes out."""
