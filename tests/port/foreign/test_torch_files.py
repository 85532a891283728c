"""Files of torch.save are taken apart: both layouts, views, and every way in which they are damaged."""

import io
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.foreign.torch_files import read_tensor, read_torch_file, walk  # noqa: E402
from tingshuo.port.foreign.unpickle import TensorRef  # noqa: E402

pytestmark = pytest.mark.train


def value() -> dict[str, Any]:
    base = torch.arange(48.0).reshape(6, 8)
    tensors = OrderedDict(
        whole=base,
        turned=base.t(),
        part=base[1:3, 2:],
        half=base.half(),
        long=torch.arange(5),
        empty=torch.empty(0, 3),
        number=torch.tensor(3.5),
        learnt=torch.nn.Parameter(base),
        flags=torch.tensor([True, False]),
    )
    return {"model": tensors, "steps": 7}


@pytest.fixture(params=["zip", "legacy"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    torch.save(value(), tmp_path / "x.pth", _use_new_zipfile_serialization=request.param == "zip")
    return tmp_path / "x.pth"


def test_every_tensor_is_what_it_was(path: Path) -> None:
    file = read_torch_file(path)
    content = np.fromfile(path, np.uint8)
    assert file.value["steps"] == 7
    for name, tensor in value()["model"].items():
        ref = file.value["model"][name]
        got = read_tensor(content, file, ref).reshape(-1)
        assert ref.shape == tuple(tensor.shape)
        assert got.tobytes() == tensor.detach().contiguous().numpy().tobytes(), name


def read_all(path: Path) -> None:
    file = read_torch_file(path)
    for _, leaf in walk(file.value):
        if isinstance(leaf, TensorRef):
            read_tensor(np.fromfile(path, np.uint8), file, leaf)


def test_a_file_cut_anywhere_is_refused_in_a_sentence(path: Path, tmp_path: Path) -> None:
    content, torn = path.read_bytes(), tmp_path / "torn.pth"
    for size in [0, 1, 3, 4, 30, *range(50, len(content), 97)]:
        torn.write_bytes(content[:size])
        with pytest.raises((PortError, ValueError)) as raised:
            read_all(torn)
        assert "\n" not in str(raised.value)


def rewritten(path: Path, change: Any) -> Path:
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        change(old, new)
    path.write_bytes(out.getvalue())
    return path


def test_zips_that_torch_never_wrote(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"

    def all_of(
        old: zipfile.ZipFile, new: zipfile.ZipFile, kind: int = zipfile.ZIP_STORED, leave: str = "-", **more: bytes
    ) -> None:
        for info in old.infolist():
            if not info.filename.endswith(leave):
                new.writestr(info.filename, more.get(info.filename.rpartition("/")[2], old.read(info)), kind)

    torch.save(value(), path)
    with pytest.raises(PortError, match="are compressed, which torch never does"):
        read_torch_file(rewritten(path, lambda old, new: all_of(old, new, zipfile.ZIP_DEFLATED)))
    torch.save(value(), path)
    with pytest.raises(PortError, match="big-endian"):
        read_torch_file(rewritten(path, lambda old, new: all_of(old, new, byteorder=b"big")))
    torch.save(value(), path)
    with pytest.raises(PortError, match=r"without a data\.pkl"):
        read_torch_file(rewritten(path, lambda old, new: all_of(old, new, leave="data.pkl")))
    torch.save(value(), path)
    file = read_torch_file(rewritten(path, lambda old, new: all_of(old, new, leave="data/0")))
    with pytest.raises(ValueError, match="storage '0' is missing"):
        read_tensor(np.fromfile(path, np.uint8), file, file.value["model"]["whole"])
    torch.save(value(), path)
    file = read_torch_file(rewritten(path, lambda old, new: all_of(old, new, **{"0": b"short"})))
    with pytest.raises(ValueError, match="fewer than its tensors need"):
        read_tensor(np.fromfile(path, np.uint8), file, file.value["model"]["whole"])


def test_a_value_that_holds_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested too deep"):
        list(walk(endless))
