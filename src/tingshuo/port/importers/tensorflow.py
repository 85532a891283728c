"""SavedModel, ``.keras``, ``.h5`` and ``.tflite`` as ONNX, by TensorFlow in an environment of its own.

The program that reads them, `tingshuo.port.foreign_env.tensorflow_to_onnx`, is a child process without network, which cannot
change a file but those that it is given.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from tingshuo.errors import PortError
from tingshuo.port import environments
from tingshuo.port.importers.examples import worst_error
from tingshuo.port.importers.onnx_files import read_onnx

FORMATS = ("savedmodel", "keras", "hdf5", "tflite")
"""Of the names that `tingshuo.port.recognise.formats.detect` has."""
ENVIRONMENT = "tensorflow"
TIMEOUT_S = 1800.0
PROGRAM = environments.PROGRAMS / "tensorflow_to_onnx.py"


@dataclass(frozen=True, slots=True)
class Converted:
    """A model of TensorFlow as ONNX; ``kind`` is ``saved_model``, ``keras``, ``h5`` or ``tflite``."""

    model: onnx.ModelProto
    kind: str
    error_db: float | None
    """Of the largest output against TensorFlow's own on made-up inputs; None where TensorFlow cannot run on these."""


def to_onnx(path: Path, signature: str = "serving_default") -> Converted:
    """Convert a model.

    Parameters
    ----------
    path : Path
        Of one of `FORMATS`.
    signature : str
        Which of a SavedModel's.

    Raises
    ------
    EngineNotInstalledError
        The environment has not been made; the message has the command, and how much it fetches.
    PortError
        It cannot be converted, or holds code.
    VerifyError
        ONNX makes something else than TensorFlow.
    """
    with tempfile.TemporaryDirectory(prefix="tingshuo-tensorflow-") as name:
        folder = Path(name)
        arguments: list[str | Path] = [path.resolve(), folder.resolve(), signature]
        done = environments.run(ENVIRONMENT, PROGRAM, arguments, timeout_s=TIMEOUT_S)
        error = _read(folder / "error.json")
        if done.returncode or error:
            reason = error.get("reason") or (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
            raise PortError(f"{path}: cannot be converted by TensorFlow: {' '.join(str(reason).split())}")
        try:
            model = read_onnx(folder / "model.onnx")
        except PortError as problem:
            raise PortError(str(problem).replace(f"{folder / 'model.onnx'}", f"{path}, as ONNX")) from problem
        with np.load(folder / "examples.npz", allow_pickle=False) as examples:
            error_of = worst_error(path, model, dict(examples)) if examples.files else None
        return Converted(model, str(_read(folder / "model.json").get("kind", "")), error_of)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
