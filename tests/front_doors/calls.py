"""Requests of the Open Inference Protocol, and what their answers hold."""

import base64
import json
import struct
from typing import Any

import numpy as np
from httpx2 import Response
from starlette.testclient import TestClient

from front_doors.infer_request import HEADER_LENGTH

MODEL = "/v2/models/colours"
VERSION = "0123456789ab"


def as_json(*photos: bytes, **changes: Any) -> dict[str, Any]:
    """An input with ``photos`` in base64."""
    data = [base64.b64encode(photo).decode() for photo in photos]
    return {"name": "image", "datatype": "BYTES", "shape": [len(photos)], "data": data, **changes}


def pixels(*shape: int, value: object = 7, **changes: Any) -> dict[str, Any]:
    """An input of ``shape``, each of its numbers ``value``."""
    data = [value] * int(np.prod(shape))
    return {"name": "image", "datatype": "FP32", "shape": [*shape], "data": data, **changes}


def infer(doors: TestClient, *inputs: dict[str, Any], **rest: Any) -> Response:
    return doors.post(f"{MODEL}/infer", json={"inputs": [*inputs], **rest})


def send(doors: TestClient, source: dict[str, Any], data: bytes, length: str = "") -> Response:
    """A request in the binary extension."""
    header = json.dumps({"inputs": [source]}).encode()
    headers = {HEADER_LENGTH: length or str(len(header))}
    return doors.post(f"{MODEL}/infer", content=header + data, headers=headers)


def behind(datatype: str, size: int, *shape: int) -> dict[str, Any]:
    """An input whose data stand behind the JSON."""
    parameters = {"binary_data_size": size}
    return {"name": "image", "datatype": datatype, "shape": [*shape], "parameters": parameters}


def outputs(answer: Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {output["name"]: output for output in answer.json()["outputs"]}


def elements(*values: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(value)) + value for value in values)
