"""TorchScript as ONNX: a program of PyTorch with its weights.

The weights are read as data, as of any checkpoint. The program is run only where a contract says how, in a process that can do
nothing but compute, to make ONNX of it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnx

from tingshuo.errors import PortError
from tingshuo.port.importers.contract import Calls
from tingshuo.port.importers.examples import worst_error
from tingshuo.port.importers.onnx_files import read_onnx

FORMAT = "torchscript"
"""As `tingshuo.port.recognise.formats.detect` calls it."""
CALLS, MODEL, EXAMPLES, ERROR = "calls.json", "model.onnx", "examples.npz", "error.txt"
"""What lies in the folder that the child process is given, and what it leaves there."""
TIMEOUT_S = 1800.0
REACHING = re.compile(
    r"\b(?:torch|ops\.aten)\.(from_file|save|load)\(|\bops\.(?!aten\.|prim\.|quantized\.|torchvision\.)(\w+)\.(\w+)"
)
"""Calls in the program of operators that read or write files, or of a library that is not here."""
_CODE_BYTES = 64 << 20
_FORWARD = re.compile(r"^  def forward\(\s*\w+: [\w.]+,?\s*(.*?)\)\s*->", re.DOTALL | re.MULTILINE)


def to_onnx(path: Path, calls: Calls) -> tuple[onnx.ModelProto, float]:
    """Make ONNX of a module, and prove that both make the same of two examples; returns it and the largest error, dB.

    Parameters
    ----------
    path : Path
        What ``torch.jit.save`` wrote.
    calls : Calls
        How it is called.

    Raises
    ------
    PortError
        It reaches for files or for another library, cannot be run or exported, or this system cannot lock a process in.
    VerifyError
        The graph makes something else than the module.
    """
    _refuse_reaching(path)
    with tempfile.TemporaryDirectory(prefix="tingshuo-torchscript-") as name:
        folder = Path(name)
        (folder / CALLS).write_text(json.dumps(calls.fields()), "utf-8")
        run_child(path, folder)
        try:
            model = read_onnx(folder / MODEL)
        except PortError as error:
            raise PortError(str(error).replace(str(folder / MODEL), f"{path}, as ONNX")) from error
        with np.load(folder / EXAMPLES, allow_pickle=False) as examples:
            error_of = worst_error(path, model, dict(examples))
    return model, error_of


def run_child(path: Path, folder: Path) -> None:
    """Let the child process do its work.

    Raises
    ------
    PortError
        It could not; the message has the reason.
    """
    command = [
        sys.executable,
        "-I",
        "-m",
        "tingshuo.port.importers.torchscript_child",
        str(path.resolve()),
        str(folder.resolve()),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise PortError(f"{path}: was not exported within {TIMEOUT_S:.0f} s, so it was given up") from error
    said = (folder / ERROR).read_text("utf-8", "replace") if (folder / ERROR).is_file() else ""
    if said:
        raise PortError(f"{path}: cannot be made ONNX: {' '.join(said.split())}")
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"it ended with {done.returncode}"]
        raise PortError(f"{path}: cannot be made ONNX: {last[0]}, in a process of its own; nothing else was touched")


def arguments_of(path: Path) -> tuple[str, ...]:
    """Return how the program text of a module's ``forward`` calls its arguments, ``mel: Tensor``; nothing where it does not show.

    The module that is saved is the first class that its pickle names.
    """
    code = _code(path)
    with zipfile.ZipFile(path) as archive:
        name = next(one for one in archive.namelist() if one.endswith("data.pkl") and one.count("/") <= 1)
        with archive.open(name) as file:
            found = re.search(rb"c(__torch__[\w.]*)\n(\w+)\n", file.read(4096))
    if found is None:
        return ()
    module, kind = found[1].decode().replace(".", "/"), found[2].decode()
    text = next((text for file, text in code.items() if file.endswith(f"code/{module}.py")), "")
    _, _, body = text.partition(f"class {kind}(")
    forward = _FORWARD.search(body)
    return tuple(" ".join(one.split()) for one in re.split(r",\s*", forward[1]) if one.strip()) if forward else ()


def _refuse_reaching(path: Path) -> None:
    for text in _code(path).values():
        found = REACHING.search(text)
        if found is not None and found[1]:
            raise PortError(
                f"{path}: calls {found[0].rstrip('(')}, which reads or writes files, so it is not run; nothing was run here"
            )
        if found is not None:
            raise PortError(f"{path}: calls {found[0]}, of a library that is not here; export ONNX where it was made")


def _code(path: Path) -> dict[str, str]:
    """Return the program, by file."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = [info for info in archive.infolist() if "/code/" in info.filename and info.filename.endswith(".py")]
            if sum(info.file_size for info in files) > _CODE_BYTES:
                raise PortError(f"{path}: has more than {_CODE_BYTES >> 20} MB of program, which no model has")
            return {info.filename: archive.read(info).decode("utf-8", "replace") for info in files}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise PortError(f"{path}: cannot be read as TorchScript: {error}") from error


def _environment() -> dict[str, str]:
    kept = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
