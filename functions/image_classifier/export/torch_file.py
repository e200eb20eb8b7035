"""Reads a state dict from a legacy PyTorch file, without torch and without running what it holds.

Layout (torch.serialization, ``_legacy_save``): pickles of a magic number, the protocol version,
facts about the writing machine, the state dict, and the list of storage keys; then, in that order,
each storage as an int64 count and its raw little-endian values.
"""

import io
import math
import pickle
import pickletools
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from image_classifier.export.errors import InvalidInput

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
COUNT_BYTES = 8
DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}

# What CPython's unpickler raises on damaged or hostile input.
DAMAGE = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    MemoryError,
    RecursionError,
)


class _Storage(NamedTuple):
    """A run of ``length`` values, known by its key; several tensors may share one."""

    dtype: str
    key: str
    length: int


class _View(NamedTuple):
    """A tensor: ``shape`` and ``stride`` over a storage, both in values, from ``offset`` on."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class _RebuildTensor:
    """Stands in for torch._utils._rebuild_tensor_v2; no attributes, so a pickle cannot alter it."""

    __slots__ = ()

    def __call__(
        self, storage: object, offset: object, shape: object, stride: object, *_: object
    ) -> _View:
        if not isinstance(storage, _Storage):
            raise pickle.UnpicklingError("a tensor without storage")
        return _View(storage, _count(offset), _counts(shape), _counts(stride))


class _Unpickler(pickle.Unpickler):
    """Allows the four globals of a state dict of floats; a pickle that names another is refused."""

    def find_class(self, module: str, name: str) -> object:
        match module, name:
            case "collections", "OrderedDict":
                return OrderedDict
            case "torch._utils", "_rebuild_tensor_v2":
                return _RebuildTensor()
            case "torch", ("FloatStorage" | "LongStorage"):
                return DTYPES[name]
            case _:
                raise InvalidInput(
                    f"The PyTorch file names {module}.{name}, which is not part of a state dict; "
                    "it is refused."
                )

    def persistent_load(self, pid: Any) -> _Storage:
        match pid:
            case ("storage", ("<f4" | "<i8") as dtype, str(key), str(), int(length), None):
                return _Storage(dtype, key, _count(length))
            case _:
                raise pickle.UnpicklingError("unknown kind of storage")


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read every tensor of the file by its name.

    Raises:
        InvalidInput: unreadable, not this format, cut off, or naming anything but tensors.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise InvalidInput(f"Cannot read {path}: {exc.strerror}.") from exc
    try:
        return _parse(io.BytesIO(data), len(data))
    except DAMAGE as exc:
        raise InvalidInput(
            f"{path} is not a legacy PyTorch state dict, or is damaged ({exc})."
        ) from exc


def _parse(file: io.BytesIO, size: int) -> dict[str, NDArray[Any]]:
    magic, protocol, machine, views, keys = (_load(file, size) for _ in range(5))
    if magic != MAGIC_NUMBER or protocol != PROTOCOL_VERSION:
        raise ValueError("unknown magic number or protocol")
    if machine["little_endian"] is not True:
        raise ValueError("written on a big-endian machine")
    if not all(isinstance(n, str) and isinstance(v, _View) for n, v in views.items()):
        raise TypeError("not a dict of tensors")
    storages = {view.storage.key: view.storage for view in views.values()}
    if any(view.storage != storages[view.storage.key] for view in views.values()):
        raise ValueError("tensors disagree about their storage")
    if sorted(keys) != sorted(storages):
        raise ValueError("the list of storages is not that of the tensors")
    values = {key: _read_storage(file, storages[key], size) for key in keys}
    if file.tell() != size:
        raise ValueError("data after the last storage")
    return {name: _tensor(view, values[view.storage.key]) for name, view in views.items()}


def _load(file: io.BytesIO, size: int) -> Any:
    """One pickle; refused where it numbers an object beyond the file's ``size``, as the unpickler
    makes room for all numbers below: 36 GB after one altered byte."""
    start = file.tell()
    for operation, argument, _ in pickletools.genops(file):
        if operation.name in {"PUT", "BINPUT", "LONG_BINPUT"} and (argument or 0) > size:
            raise pickle.UnpicklingError("an object's number is beyond the file")
    file.seek(start)
    return _Unpickler(file).load()


def _read_storage(file: io.BytesIO, storage: _Storage, size: int) -> NDArray[Any]:
    length = int.from_bytes(file.read(COUNT_BYTES), "little", signed=True)
    if length != storage.length:
        raise ValueError(f"storage {storage.key} has {length} values, not {storage.length}")
    dtype = np.dtype(storage.dtype)
    if length * dtype.itemsize > size - file.tell():
        raise EOFError(f"cut off in storage {storage.key}")
    return np.frombuffer(file.read(length * dtype.itemsize), dtype)


def _tensor(view: _View, values: NDArray[Any]) -> NDArray[Any]:
    if len(view.shape) != len(view.stride):
        raise ValueError("shape and stride of different lengths")
    if math.prod(view.shape) > values.size:
        raise ValueError("a tensor larger than its storage")
    last = sum((n - 1) * step for n, step in zip(view.shape, view.stride, strict=True))
    if 0 not in view.shape and view.offset + last >= values.size:
        raise ValueError("a tensor that ends outside its storage")
    strides = tuple(step * values.itemsize for step in view.stride)
    start = values[view.offset :]
    return np.lib.stride_tricks.as_strided(start, view.shape, strides, writeable=False).copy()


def _counts(value: object) -> tuple[int, ...]:
    if not isinstance(value, tuple):
        raise pickle.UnpicklingError("not a tuple of counts")
    return tuple(map(_count, value))


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 48:  # a bool is an int, but no count
        raise pickle.UnpicklingError("not a count")
    return value
