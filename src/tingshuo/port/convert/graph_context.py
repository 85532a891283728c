"""How far a vocoder's samples look around their frame, measured: one frame is changed, and one sees where that is heard."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import MelConfig
from tingshuo.errors import EngineError, PortError
from tingshuo.types import Runs

Array = NDArray[Any]
WHOLE_FRAMES = 1_000_000
"""Of context where every sample depends on the whole sentence: more than any has."""
REACHES = 24, 96, 384
"""Frames either side in which it is looked for, one after the other."""
HEARD = 1e-6
"""A sample has changed that has by more than this share of the loudest: less is below what 16 bits hold."""
TRIES = 2


def measure_context(graph: Runs, mel: MelConfig, *, reads_f0: bool) -> int:
    """Return the frames either side of a frame that its samples depend on; `WHOLE_FRAMES` where that has no end.

    Parameters
    ----------
    graph : Runs
        Takes ``mel`` (1, n_mels, F), and ``f0`` (1, F) where it reads that; every output is (1, F * hop) or (1, F, D).
    mel : MelConfig
        What it reads.
    reads_f0 : bool
        Whether it reads F0.

    Raises
    ------
    PortError
        It makes of F frames something else than F hops of samples or F rows.
    """
    for reach in REACHES:
        found = max(_reach(graph, mel, reach, reads_f0, seed) for seed in range(TRIES))
        if found < reach:
            return found
    return WHOLE_FRAMES


def _reach(graph: Runs, mel: MelConfig, reach: int, reads_f0: bool, seed: int) -> int:
    """Return the farthest frame from the middle in which a change of the middle is heard."""
    rng = np.random.default_rng(seed)
    frames = 2 * reach + 1
    given: dict[str, Array] = {"mel": rng.normal(-4, 2, (1, mel.n_mels, frames)).astype(np.float32)}
    if reads_f0:
        given["f0"] = np.full((1, frames), 200, np.float32)
    changed = {name: value.copy() for name, value in given.items()}
    changed["mel"][..., reach] += rng.normal(0, 4, mel.n_mels).astype(np.float32)
    if reads_f0:
        changed["f0"][..., reach] = 300
    before, after = _run(graph, given), _run(graph, changed)
    farthest = 0
    for name, value in before.items():
        rows = by_frame(name, value, frames, mel.hop_length)
        moved = np.abs(by_frame(name, after[name], frames, mel.hop_length) - rows).max(axis=1)
        places = np.flatnonzero(~(moved <= HEARD * max(float(np.abs(rows).max()), 1e-9)))
        farthest = max(farthest, *(abs(int(place) - reach) for place in places), 0)
    return farthest


def by_frame(name: str, output: Array, frames: int, hop_length: int) -> Array:
    """Return an output as rows of frames (F, D).

    Raises
    ------
    PortError
        It is not so long.
    """
    if output.ndim == 3 and output.shape[:2] == (1, frames):
        rows: Array = output[0]
        return rows
    if output.ndim == 2 and output.shape == (1, frames * hop_length):
        return output.reshape(frames, hop_length)
    shape = " x ".join(map(str, output.shape))
    raise PortError(
        f"it makes of {frames} frames {shape} values of {name!r}, where a hop_length of {hop_length} makes {frames * hop_length} "
        f"samples{f' or, of centred frames, {(frames - 1) * hop_length}' if name == 'wav' else ''}; the hop_length is another "
        "one, or it is no vocoder"
    )


def _run(graph: Runs, inputs: Mapping[str, Array]) -> dict[str, Array]:
    try:
        made = graph.run(inputs)
    except EngineError as error:
        raise PortError(f"it cannot be run on a mel of {inputs['mel'].shape[1]} bands: {' '.join(str(error).split())}") from error
    silly = next((name for name, value in made.items() if not np.isfinite(value).all()), None)
    if silly is not None:
        raise PortError(f"its output {silly!r} is not finite for an ordinary mel, so it is no vocoder, or the contract is wrong")
    return made
