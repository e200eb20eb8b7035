"""Load tests of the service, wherever it runs: Locust users, comparisons, and a soak."""
