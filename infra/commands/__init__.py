"""What this project does with ``infra.local``: run, classify, export feedback."""
