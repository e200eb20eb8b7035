"""AWS beside Lambda on one machine: one stand-in process, and the template's tables in it."""
