"""Endurance: experiment → findings, queued, which have no I/O; in Locust: users → requests."""
