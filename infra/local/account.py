"""The region and the account that one machine stands for, and the names things have there."""

REGION = "us-east-1"
ACCOUNT = "123456789012"
_PLACES = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::Serverless::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::Serverless::StateMachine": "states:{region}:{account}:stateMachine:{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
}
_REFERRED_TO_BY_ARN = ("AWS::Serverless::StateMachine", "AWS::SNS::Topic")


def physical_name(kind: str, logical_id: str) -> str:
    """What a resource is called there: its logical id, but a bucket's name has no capitals."""
    return logical_id.lower() if kind == "AWS::S3::Bucket" else logical_id


def arn_of(kind: str, logical_id: str) -> str | None:
    """The resource's address; None of a kind that has none there."""
    place = _PLACES.get(kind)
    if place is None:
        return None
    name = physical_name(kind, logical_id)
    return "arn:aws:" + place.format(region=REGION, account=ACCOUNT, name=name)


def reference_to(kind: str, logical_id: str) -> str:
    """What ``!Ref`` gives."""
    arn = arn_of(kind, logical_id) if kind in _REFERRED_TO_BY_ARN else None
    return arn or physical_name(kind, logical_id)


def function_arn(name: str) -> str:
    """The address of a Lambda function there."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
