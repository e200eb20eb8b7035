"""Load tests of the service, wherever it runs.

``__main__`` → experiments → {load, verdict, plots, report} → summary → records. In Locust's own
process: locustfile → users → check. ``soak`` adds users and kills.
"""
