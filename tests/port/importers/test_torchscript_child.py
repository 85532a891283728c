"""The process in which TorchScript is run: it exports, and its operators can open no file."""

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from tingshuo.port.importers import torchscript_child as child  # noqa: E402
from tingshuo.port.importers.contract import Calls  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
CALLS: dict[str, Any] = {
    "inputs": [
        {"name": "ids", "dtype": "int64", "shape": [1, "N"], "most": 4},
        {"name": "lengths", "dtype": "int64", "shape": [1], "value": "N"},
        {"name": "scale", "dtype": "float32", "shape": [], "value": 0.5},
        {"name": "mel", "dtype": "float16", "shape": [1, 3, "F"]},
        {"name": "loud", "dtype": "bool", "shape": [2]},
    ],
    "outputs": ["y"],
}
HAS_WALLS = sys.platform.startswith("linux") and platform.machine() in ("x86_64", "aarch64")


def test_examples_are_as_the_contract_says() -> None:
    calls = Calls.check(CALLS, "")
    first, second = (child.example_inputs(calls, place) for place in (0, 1))
    assert [tuple(tensor.shape) for tensor in first.values()] == [(1, 23), (1,), (), (1, 3, 23), (2,)]
    assert (second["ids"].shape, second["mel"].shape) == ((1, 37), (1, 3, 38))  # no two sizes are the same by chance
    assert (first["lengths"].item(), second["lengths"].item(), first["scale"].item()) == (23, 37, 0.5)
    assert [str(tensor.dtype) for tensor in first.values()] == [
        "torch.int64",
        "torch.int64",
        "torch.float32",
        "torch.float16",
        "torch.bool",
    ]
    assert 2 < first["ids"].max() <= 4
    assert all(torch.equal(child.example_inputs(calls, 0)[name], tensor) for name, tensor in first.items())


class Several(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A module with two outputs."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Two."""
        return x * 1, [x + 1]


class Writes(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A module that writes a file as soon as it is run."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Write."""
        return x + torch.from_file("pwned", True, 4)[0]


def calls_of(*outputs: str) -> Calls:
    return Calls.check({"inputs": [{"name": "x", "dtype": "float32", "shape": [1, "T"]}], "outputs": list(outputs)}, "")


def test_results_are_counted() -> None:
    module = torch.jit.script(Several())
    made = child.run_examples(module, calls_of("y", "z"))
    np.testing.assert_allclose(made["1/output/z"], made["1/output/y"] + 1)
    with pytest.raises(ValueError, match="it gives 2 values, and 1 outputs are named: y"):
        child.run_examples(module, calls_of("y"))


def in_a_child(path: Path, folder: Path, calls: Calls) -> tuple[int, str]:
    """Do all of it behind walls, in a fork of this process, which has imported torch already."""
    (folder / child.CALLS).write_text(json.dumps(calls.fields()))
    number = os.fork()
    if number == 0:  # pragma: no cover
        os.chdir(folder)
        os._exit(child.main([str(path), str(folder)]))
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), (folder / child.ERROR).read_text()


@pytest.mark.skipif(not HAS_WALLS, reason="this system cannot lock a process in")
def test_behind_the_walls(tmp_path: Path) -> None:
    torch.jit.script(Several()).save(str(tmp_path / "good.pt"))
    torch.jit.script(Writes()).save(str(tmp_path / "bad.pt"))
    folder = tmp_path / "work"
    folder.mkdir()
    assert in_a_child(tmp_path / "good.pt", folder, calls_of("y", "z")) == (0, "")
    model = onnx.load(folder / child.MODEL)
    assert [value.name for value in model.graph.output] == ["y", "z"]
    assert {"0/input/x", "1/output/z"} <= set(np.load(folder / child.EXAMPLES).files)
    code, said = in_a_child(tmp_path / "bad.pt", folder, calls_of("y"))
    assert code == 1
    assert "not permitted" in said
    assert not list(tmp_path.rglob("pwned"))


def test_without_walls_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "raise_walls", lambda **_: False)
    monkeypatch.setattr(child.resource, "setrlimit", lambda *_: None)
    monkeypatch.setattr(child.logging, "disable", lambda _: None)
    torch.jit.script(Writes()).save(str(tmp_path / "x.pt"))
    (tmp_path / child.CALLS).write_text(json.dumps(calls_of("y").fields()))
    assert child.main([str(tmp_path / "x.pt"), str(tmp_path)]) == 1
    assert "this system cannot lock a process in" in (tmp_path / child.ERROR).read_text()
