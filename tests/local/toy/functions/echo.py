"""A function that does what its request's path says; ``/v1/echo`` returns the event."""

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path


def handler(event, context):
    action = event["rawPath"].removeprefix("/v1/")
    if action in ACTIONS:
        return ACTIONS[action]()
    if action == "sleep":
        time.sleep(float(event["queryStringParameters"]["s"]))
    if action == "mirror":
        return {"statusCode": 200, "body": event["body"], "isBase64Encoded": True}
    about = {
        "event": event,
        "request_id": context.aws_request_id,
        "environment": context.log_stream_name.rpartition("]")[2],
        "remaining_ms": context.get_remaining_time_in_millis(),
        "variables": dict(os.environ),
    }
    return {"statusCode": 200, "body": json.dumps(about)}


def fail():
    raise ValueError("a secret detail")


def shout():
    print("printed by the handler")  # noqa: T201
    print("complained by the handler", file=sys.stderr)  # noqa: T201
    os.write(1, b"written past Python\n")
    return {"statusCode": 204}


def allocate():
    return {"statusCode": 200, "body": str(len(bytearray(80_000_000)))}


def hold():
    # Until the test lets it go.
    folder = Path(os.environ["MARK"])
    (folder / "held").touch()
    while not (folder / "let-go").exists():
        time.sleep(0.01)
    return {"statusCode": 200}


def child():
    # Outlives its parent unless the whole session is killed.
    subprocess.Popen(["sleep", "60"])
    time.sleep(60)


ACTIONS = {
    "exit": lambda: os._exit(3),
    "raise": fail,
    "shout": shout,
    "allocate": allocate,
    "hold": hold,
    "child": child,
    "big": lambda: {"statusCode": 200, "body": "x" * 7_000_000},
    "bare": lambda: {"a": [1, "ü"]},
    "no-status": lambda: {"statusCode": "soon"},
    "bad-header": lambda: {"statusCode": 200, "headers": {"x": "a\r\nset-cookie: b"}},
    "cookies": lambda: {"statusCode": 200, "cookies": ["a=1", "b=2; Secure"], "body": "c"},
    "image": lambda: {
        "statusCode": 201,
        "headers": {"Content-Type": "image/png", "X-Number": 5},
        "body": base64.b64encode(bytes(range(256))).decode(),
        "isBase64Encoded": True,
    },
}
