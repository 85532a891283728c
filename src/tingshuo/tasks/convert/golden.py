"""What an RVC voice answers to a case of a golden folder, at the borders of its graphs.

A case gives ``phone`` (N, content_dim), ``sid`` (), and where the voice is told the pitch ``nsff0`` (N,) in Hz; in the spec
``skip_head`` and ``return_length`` where the first frames are left out. Random numbers: ``z`` (latent, frames of the flow) and
``sine`` (frames * hop_length).

Answers are ``pitch m_p logs_p z_p z har_source wav``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.rvc import RvcBundleConfig
from tingshuo.tasks.convert.loop import Draws, coarse_pitch, convert
from tingshuo.tasks.golden_compare import Material
from tingshuo.tasks.golden_folder import Case
from tingshuo.tasks.golden_graphs import Heard
from tingshuo.types import Runs

Array = NDArray[Any]
TABLES, SPEAKER_TABLE = "weights/voice.safetensors", "speakers.weight"


def answers(graphs: Mapping[str, Runs], material: Material, case: Case) -> dict[str, Array] | None:
    """See `tingshuo.tasks.golden_compare.Answers`."""
    settings = material.settings
    assert isinstance(settings, RvcBundleConfig)
    if not case.has("phone", "sid") or settings.pitched != case.has("nsff0"):
        return None
    content = np.asarray(case.inputs["phone"], np.float32)
    head = int(case.number("skip_head", 0))
    wanted = int(case.number("return_length", 0)) if "return_length" in case.told else None
    end = len(content) if wanted is None else head + wanted
    begin = max(head - settings.flow_context_frames, 0)
    hop = settings.frames.hop_length
    latent = case.draws.take("z", "rvc.z", (1, settings.latent, len(content) - begin)).astype(np.float32)
    sine = case.draws.take("sine", "rvc.sine", (1, end - head, hop)).astype(np.float32) if settings.pitched else None
    heard = {name: Heard(graphs[name]) for name in ("encoder", "flow", "decoder", *(["source"] if settings.pitched else []))}
    speaker = np.asarray(material.tensors(TABLES)[SPEAKER_TABLE][int(case.inputs["sid"])], np.float32)
    f0 = np.asarray(case.inputs["nsff0"], np.float32) if settings.pitched else None
    wav = convert(heard, settings, Draws(latent, sine), content, speaker, f0, head, wanted)
    prior, made = heard["encoder"].outputs[0], {"wav": wav}
    if f0 is not None:
        made |= {"pitch": coarse_pitch(f0), "har_source": heard["source"].outputs[0]["excitation"].reshape(-1)}
    return made | {
        "m_p": prior["mean"][0, :, begin:],
        "logs_p": prior["log_deviation"][0, :, begin:],
        "z_p": heard["flow"].inputs[0]["latent"][0],
        "z": heard["decoder"].inputs[0]["latent"][0],
    }
