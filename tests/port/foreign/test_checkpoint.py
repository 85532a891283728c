"""Checkpoints of strangers arrive as numbers, and hostile files as one sentence."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.foreign.checkpoint import open_checkpoint, tensors_of  # noqa: E402

pytestmark = pytest.mark.train


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch pwned",)


def test_numbers_and_plain_values(tmp_path: Path) -> None:
    weight = torch.randn(4, 6)
    value = {"generator": {"a.weight": weight.bfloat16(), "b": weight.t()}, "steps": 7, "mean": np.arange(3.0), "$odd": [1, None]}
    torch.save(value, tmp_path / "g.pth")
    with open_checkpoint(tmp_path / "g.pth") as checkpoint:
        found = tensors_of(checkpoint.value)
        assert {name: (one.shape, one.dtype) for name, one in found.items()} == {
            "generator.a.weight": ((4, 6), "BF16"),
            "generator.b": ((6, 4), "F32"),
        }
        np.testing.assert_array_equal(found["generator.a.weight"].read(), weight.bfloat16().float().numpy())
        np.testing.assert_array_equal(found["generator.b"].read(), weight.t().numpy())
        assert (checkpoint.container, checkpoint.value["steps"], checkpoint.value["$odd"]) == ("zip", 7, [1, None])
        np.testing.assert_array_equal(checkpoint.value["mean"], np.arange(3.0))
    with pytest.raises(PortError, match="has been closed"):
        found["generator.b"].read()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps(Evil()), "is not only data: .* it would run posix.system; nothing was run"),
        (b"", "cannot be read as a checkpoint of PyTorch"),
        (b"hello", "cannot be read as a checkpoint of PyTorch"),
        (b"PK\x03\x04 and nothing", "is a damaged zip"),
        (b"\x80\x02Nr\xff\xff\xff\x7f.", "asks for more than a checkpoint needs"),
        (b"\x80\x02]q\x00h\x00a.", "nested too deep, or into itself"),
    ],
)
def test_hostile_and_damaged_files(content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(PortError, match=message) as raised, open_checkpoint(tmp_path / "x.pth"):
        pass
    assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["x.pth"]


def test_whole_objects_are_refused_with_the_remedy(tmp_path: Path) -> None:
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2)), tmp_path / "x.pth")
    wanted = pytest.raises(PortError, match=r"holds whole objects \(torch\.nn\.modules.*state_dict\(\), NEW\)")
    with wanted, open_checkpoint(tmp_path / "x.pth"):
        pass


def test_what_is_not_a_file(tmp_path: Path) -> None:
    for path, why in ((tmp_path, "is not a file"), (tmp_path / "none", "No such file")):
        with pytest.raises(PortError, match=why), open_checkpoint(path):
            pass
