"""The cloud on one machine: what a SAM template describes, stood up on a laptop.

Generic: nothing here is about this project. Imports run one way, floor by floor: cloud →
{sam, aws} → http_api → aws_lambda → machine; ``infra.commands`` stands on top of them.
"""
