"""The region and the account that one machine stands for."""

REGION = "us-east-1"
ACCOUNT = "123456789012"
