"""What surrounds ``sam deploy``: its parameters before; then the page is published, and everything
is tried through its address.

``python -m infra.deploy``. Imports run one way: ``__main__`` → {parameters, publish, smoke, empty}
→ {page → references, public, stack, aws} → errors.
"""
