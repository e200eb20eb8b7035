"""Endurance: the service under mixed good and hostile load, while its environments are killed.

``__main__`` → {service, clients, report} → {requests, answers, abrupt, accounts, growth, ledger}
→ limits.
"""
