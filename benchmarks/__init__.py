"""The service against what such projects usually do, on one machine in one run."""
