"""The region and the account that one machine stands for."""

REGION = "us-east-1"
ACCOUNT = "123456789012"


def function_arn(name: str) -> str:
    """The address of a Lambda function there."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
