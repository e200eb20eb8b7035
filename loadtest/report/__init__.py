"""What runs amount to: figures, money, plots, and the page that shows them.

``page`` → {plots, verdict} → cost.
"""
