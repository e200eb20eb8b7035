"""A request of the Open Inference Protocol → its tensors, from JSON or Triton's binary extension.

Sources: kserve/open-inference-protocol, *inference_rest.md*; triton-inference-server/server,
*extension_binary_data.md*.
"""

import math
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from front_doors.refusals import InvalidTensor
from serving.body import validate_json

HEADER_LENGTH = "inference-header-content-length"
MAX_DIGITS = 10
LENGTH_BYTES = 4  # before each element of type BYTES, little-endian

MAX_FP32 = float(np.finfo(np.float32).max)

Dimension = Annotated[int, Field(ge=0, le=2**63 - 1)]
# What is repeated in an answer is short, and asked for once or twice.
Name = Annotated[str, Field(max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class InputParameters(_Strict):
    """Of these, the binary extension's."""

    binary_data_size: int | None = Field(default=None, ge=0)


class InputIn(_Strict):
    """An input; its data stand here, or behind the JSON."""

    name: Name
    datatype: Literal["FP32", "BYTES"]
    shape: Annotated[list[Dimension], Field(max_length=8)]
    parameters: InputParameters = InputParameters()
    data: list[Any] | None = None


class OutputParameters(_Strict):
    """Of the binary and of the classification extension."""

    binary_data: bool | None = None
    classification: int | None = Field(default=None, ge=1)


class OutputIn(_Strict):
    """An output that is asked for."""

    name: Name
    parameters: OutputParameters = OutputParameters()


class RequestParameters(_Strict):
    """Of these, the binary extension's."""

    binary_data_output: bool = False


class InferIn(_Strict):
    """$inference_request."""

    id: Annotated[str, Field(max_length=1000)] | None = None
    parameters: RequestParameters = RequestParameters()
    inputs: Annotated[list[InputIn], Field(max_length=16)]
    outputs: Annotated[list[OutputIn], Field(max_length=2)] = []


@dataclass(frozen=True)
class Tensor:
    """An input: ``values`` are float32 in ``shape``, or flat for BYTES: texts as they came in JSON,
    bytes as they came behind it.
    """

    shape: tuple[int, ...]
    values: NDArray[np.float32] | list[str | bytes]


def read_request(body: bytes, header_length: str | None) -> tuple[InferIn, dict[str, Tensor]]:
    """A request's JSON, and its inputs by their names.

    ``header_length`` is the JSON's length where binary data follow it.

    Raises:
        InvalidJson, MissingField, InvalidParameter: see ``validate_json``
        InvalidTensor: data and shape, or the lengths, do not agree
    """
    length = len(body)
    if header_length is not None:
        short = header_length.isascii() and header_length.isdecimal()
        length = int(header_length) if short and len(header_length) <= MAX_DIGITS else length + 1
        if length > len(body):
            raise InvalidTensor(f"{HEADER_LENGTH} is no length of a part of {len(body)} bytes.")
    request = validate_json(body[:length], InferIn)
    tensors: dict[str, Tensor] = {}
    for each in request.inputs:
        if each.name in tensors:
            raise InvalidTensor(f"input {each.name!r} is there twice.")
        size = each.parameters.binary_data_size
        if (size is None) == (each.data is None):
            raise InvalidTensor(f"input {each.name!r} needs either data or binary_data_size.")
        if size is not None and size > len(body) - length:
            raise InvalidTensor(f"input {each.name!r}: its {size} bytes are more than came.")
        tensors[each.name] = _tensor(each, None if size is None else body[length : length + size])
        length += size or 0
    if length != len(body):
        raise InvalidTensor(f"{len(body) - length} bytes belong to no input.")
    return request, tensors


def _tensor(source: InputIn, binary: bytes | None) -> Tensor:
    """The input that ``source`` describes, its elements those of its shape."""
    shape = tuple(source.shape)
    values: list[Any] | NDArray[np.float32]
    if binary is None:
        values = _flat(source)
    elif source.datatype == "BYTES":
        values = _elements(binary, source.name)
    elif len(binary) % LENGTH_BYTES:
        raise InvalidTensor(f"input {source.name!r}: {len(binary)} bytes are no FP32 numbers.")
    else:
        values = np.frombuffer(binary, "<f4")
    if len(values) != math.prod(shape):
        raise InvalidTensor(
            f"input {source.name!r} has {len(values)} elements, not those of {[*shape]}."
        )
    if source.datatype == "BYTES":
        return Tensor(shape, list(values))
    return Tensor(shape, np.asarray(values, np.float32).reshape(shape))


def _flat(source: InputIn) -> list[Any]:
    """Data in row-major order, nested or not, each of the right type."""
    values: list[Any] = source.data or []
    try:
        while values and isinstance(values[0], list):
            values = list(chain.from_iterable(values))
    except TypeError as exc:
        raise InvalidTensor(f"input {source.name!r}: its data are nested unevenly.") from exc
    types = {str} if source.datatype == "BYTES" else {int, float}
    if not set(map(type, values)) <= types:
        raise InvalidTensor(f"input {source.name!r}: its data are not {source.datatype}.")
    if source.datatype == "FP32" and not all(abs(v) <= MAX_FP32 for v in values):
        raise InvalidTensor(f"input {source.name!r}: a number is none of FP32.")
    return values


def _elements(binary: bytes, name: str) -> list[bytes]:
    elements: list[bytes] = []
    position = 0
    while position < len(binary):
        start = position + LENGTH_BYTES
        position = start + int.from_bytes(binary[position:start], "little")
        if start > len(binary) or position > len(binary):
            raise InvalidTensor(f"input {name!r}: element {len(elements)} is cut off.")
        elements.append(binary[start:position])
    return elements
