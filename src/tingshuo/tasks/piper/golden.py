"""What a Piper voice answers to a case of a golden folder, at the borders of its graphs.

A case gives ``ids`` (N,), with the pads between them, and ``scales`` (3,): of the noise of the latents, of every duration, and of
the noise of the durations. Of several speakers ``sid`` () says which. Random numbers, not scaled yet: ``duration_noise`` (2, N)
and ``noise`` (latent, F).

Answers are ``enc_x`` (dim, N), ``m_p_text logs_p_text`` (latent, N), ``logw frames`` (N,), ``z_p z`` (latent, F) and ``wav``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.piper import PiperBundleConfig
from tingshuo.tasks.golden_compare import Material
from tingshuo.tasks.golden_draws import Draws
from tingshuo.tasks.golden_folder import Case
from tingshuo.tasks.golden_graphs import Heard
from tingshuo.tasks.piper.loop import Scales, Sizes, plan, speak
from tingshuo.tasks.piper.model import SPEAKER_TABLE, TABLES
from tingshuo.types import Runs

Array = NDArray[Any]
GRAPHS = ("encoder", "duration", "flow", "decoder")


def answers(graphs: Mapping[str, Runs], material: Material, case: Case) -> dict[str, Array] | None:
    """See `tingshuo.tasks.golden_compare.Answers`."""
    settings = material.settings
    assert isinstance(settings, PiperBundleConfig)
    table = material.tensors(TABLES).get(SPEAKER_TABLE)
    if not case.has("ids", "scales") or case.has("sid") != (table is not None):
        return None
    sizes = Sizes(settings.latent, settings.frames.hop_length, settings.decoder_context_frames, settings.stochastic)
    speaker = None if table is None else np.asarray(table[int(case.inputs["sid"])], np.float32)
    noise, length, duration_noise = (float(one) for one in case.inputs["scales"])
    heard = {name: Heard(graphs[name]) for name in GRAPHS}
    ids = case.inputs["ids"].astype(np.int64)
    laid = plan(heard, sizes, ids, Scales(noise, length, duration_noise), _Told(case.draws, settings.stochastic), speaker)
    encoded = heard["encoder"].outputs[0]
    return {
        "enc_x": encoded["hidden"][0],
        "m_p_text": encoded["mean"][0],
        "logs_p_text": encoded["log_deviation"][0],
        "logw": heard["duration"].outputs[0]["log_duration"][0],
        "frames": laid.durations,
        "z_p": heard["flow"].inputs[0]["latent"][0],
        "z": laid.latents[0],
        "wav": np.concatenate(list(speak(heard, sizes, laid))),
    }


@dataclass(slots=True)
class _Told:
    """The draws of a case in the order in which they are asked for; see `tingshuo.tasks.piper.loop.Noise`."""

    draws: Draws
    of_durations: bool
    """Whether the next ones are those of the durations."""

    def standard_normal(self, size: tuple[int, int], dtype: type[np.float32], /) -> Array:
        named = ("duration_noise", "vits.duration") if self.of_durations else ("noise", "vits.z")
        self.of_durations = False
        drawn: Array = self.draws.take(*named, (1, *size))[0].astype(dtype)
        return drawn
