"""Flight delay: boosted trees on airline, month, type and, if known, weekday and time of day."""
