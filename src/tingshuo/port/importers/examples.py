"""A graph that was made of a stranger's program, against what that program itself made of two examples."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from tingshuo.errors import EngineError, PortError, VerifyError
from tingshuo.port.importers.onnx_files import open_whole
from tingshuo.tasks.golden import error_db

LIMIT_DB = -60.0
"""Of any output: what float32 graphs are held to."""


def worst_error(path: Path, model: onnx.ModelProto, examples: Mapping[str, NDArray[Any]]) -> float:
    """Return the largest error of an output, dB.

    Parameters
    ----------
    path : Path
        The program, for messages.
    model : onnx.ModelProto
        What was made of it.
    examples : mapping
        Arrays as ``0/input/x`` and ``1/output/y``.

    Raises
    ------
    PortError
        The graph does not run on what the program ran on.
    VerifyError
        It makes something else.
    """
    session = open_whole(model, path.stem)
    worst = -np.inf
    for place in sorted({name.partition("/")[0] for name in examples}):
        try:
            made = session.run({name: examples[f"{place}/input/{name}"] for name in session.spec.inputs})
        except (EngineError, KeyError) as error:
            raise PortError(
                f"{path}: as ONNX it cannot be run on what it ran on itself: {' '.join(str(error).split())}"
            ) from error
        for name in session.spec.outputs:
            expected = examples[f"{place}/output/{name}"]
            same = made[name].shape == expected.shape
            found = error_db(made[name].astype(np.float32), expected.astype(np.float32)) if same else np.inf
            if not found <= LIMIT_DB:
                raise VerifyError(
                    f"{path}: as ONNX its output {name!r} differs by {found:.0f} dB from its own, the limit is {LIMIT_DB:g} dB; "
                    "it draws random numbers, or the exporter took a length for fixed; export ONNX where it was made"
                )
            worst = max(worst, found)
    return float(worst)
