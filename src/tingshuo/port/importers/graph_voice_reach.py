"""What a stranger's vocoder makes of a mel, found out by trying: samples a frame, and how far a frame reaches.

Whether pieces joined are the whole is not believed but compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import MelConfig
from tingshuo.config.graph_voice import VocoderRoles
from tingshuo.errors import EngineError, PortError
from tingshuo.port.convert.graph_context import measure_context
from tingshuo.tasks.golden import error_db
from tingshuo.tasks.graph_voice.vocoder import given, render_mel
from tingshuo.types import Runs

Array = NDArray[Any]
FARTHEST = 80
"""Frames: what reaches farther costs more than streaming saves."""
LIMIT_DB = -60.0
MEAN, DEVIATION = -5.0, 2.0
"""Of the logarithms of a mel."""
_JOINED = 200
"""Frames of what is made piece by piece to see whether it is the whole."""


@dataclass(frozen=True, slots=True)
class _Renamed:
    """A vocoder whose input and outputs have the names and axes that `measure_context` knows."""

    graph: Runs
    roles: VocoderRoles

    def run(self, inputs: Mapping[str, Array], /) -> dict[str, Array]:
        """Run the graph on a mel (1, n_mels, F)."""
        outputs = self.graph.run({self.roles.mel: given(self.roles, inputs["mel"][0])})
        if self.roles.magnitude:
            names = (self.roles.magnitude, self.roles.cos, self.roles.sin)
            return {"transform": np.concatenate([outputs[name][0] for name in names]).T[None]}
        return {"wav": outputs[self.roles.wav].reshape(1, -1)}


def find_reach(graph: Runs, roles: VocoderRoles, bands: int) -> tuple[int, int]:
    """Try a vocoder.

    Parameters
    ----------
    graph : Runs
        Its graph.
    roles : VocoderRoles
        Names of its input and outputs.
    bands : int
        Of its mel.

    Returns
    -------
    tuple of int
        Samples of a frame, and frames either side of a frame that its samples depend on: 0 where these are too many, or where
        pieces joined are not the whole.

    Raises
    ------
    PortError
        It cannot be run, or its samples are not a whole number a frame.
    """
    mel = np.random.default_rng(0).normal(MEAN, DEVIATION, (bands, _JOINED)).astype(np.float32)
    try:
        whole = np.concatenate(list(render_mel(graph, roles, mel, first=True, windows=False)))
        hop = _hop(len(whole), roles)
        if len(whole) == _JOINED * hop or roles.magnitude:
            convention = MelConfig(n_mels=bands, hop_length=hop, framing="same")
            context = measure_context(_Renamed(graph, roles), convention, reads_f0=False)
        else:
            context = 0
    except EngineError as error:
        raise PortError(f"the vocoder cannot be run on a mel of {bands} bands: {error}") from error
    if not 0 < context <= FARTHEST:
        return hop, 0
    streamed = roles.replace(context_frames=context)
    parts = np.concatenate(list(render_mel(graph, streamed, mel, first=True)))
    return hop, context if len(parts) == len(whole) and error_db(parts, whole) <= LIMIT_DB else 0


def _hop(samples: int, roles: VocoderRoles) -> int:
    """Return the samples of a frame; one that inverts a transform itself makes a hop less than frames."""
    if roles.magnitude:
        return roles.hop_length
    hop = next((samples // frames for frames in (_JOINED, _JOINED - 1) if samples and samples % frames == 0), 0)
    if not hop:
        raise PortError(f"the vocoder makes {samples} samples of {_JOINED} frames, which is no whole number of samples a frame")
    return hop
