"""Endurance: ``locustfile`` (service, killer, report) → users; → findings, which has no I/O."""
