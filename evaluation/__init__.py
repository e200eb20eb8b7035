"""Before serving: how right a model is on labelled photos. Nothing here runs in Lambda.

``__main__`` → {write, origin} → page → {charts, report} → figures → answers → photos; ``drift`` is
a command of its own.
"""
