"""Processes and ports of one machine: started, watched, and ended whole."""
