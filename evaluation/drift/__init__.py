"""Whether predictions in use are still like those on the photos held out.

``__main__`` → {compare → distribution, predictions}; infra.deploy reads the logs that are in AWS.
"""
