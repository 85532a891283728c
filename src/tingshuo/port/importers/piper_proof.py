"""That our net is the voice of a graph: both are run on the same phonemes and the same noise.

The draws of the original graph are made its inputs, so that what noise does is compared too, not only what is left without it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from tingshuo.errors import PortError
from tingshuo.models.vits.net import Vits
from tingshuo.port.importers.piper_graph import with_noise_given
from tingshuo.tasks.golden import error_db

LIMIT_DB = -60.0
"""Energy of the difference over that of the wave; two float32 runtimes differ by -100 dB and less."""
_PHONEMES = 23
_SCALES = ((0.0, 1.0, 0.0), (0.667, 1.1, 0.8))
"""Noise, length and noise of the durations of each comparison."""
_TRIES = 4
"""Per comparison: a duration just below a whole number can be rounded up by one of the two and not by the other."""


def prove(model: onnx.ModelProto, net: Vits) -> float:
    """Compare a graph with our net.

    Returns
    -------
    float
        Largest error, dB.

    Raises
    ------
    PortError
        They differ, or the graph cannot be run or draws noise otherwise than VITS does.
    """
    graph, drawn = with_noise_given(model)
    if len(drawn) != 1 + net.config.stochastic:
        raise PortError(f"it draws noise at {len(drawn)} places, VITS does so at {1 + net.config.stochastic}")
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads, options.enable_cpu_mem_arena = 3, 1, False
    # As it was written: to optimise such a graph takes longer than to run it twice.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's errors have no common base below Exception
        raise PortError(f"it cannot be opened: {error}") from error
    last = net.config.speakers - 1
    worst = max(_compare(session, net, drawn, scales, min(number, last)) for number, scales in enumerate(_SCALES))
    if not worst <= LIMIT_DB:
        raise PortError(f"our net's wave differs from its own by {worst:.0f} dB, allowed are {LIMIT_DB:.0f} dB")
    return worst


def _compare(
    session: onnxruntime.InferenceSession, net: Vits, drawn: tuple[str, ...], scales: tuple[float, ...], speaker: int
) -> float:
    """Return the error of a comparison, dB."""
    config, found = net.config, None
    for attempt in range(_TRIES):
        rng = np.random.default_rng(attempt)
        ids = rng.integers(0, config.symbols, (1, _PHONEMES))
        duration_noise = rng.standard_normal((1, 2, _PHONEMES), np.float32)
        noises: dict[str, NDArray[Any]] = {"input": ids, "input_lengths": np.array([_PHONEMES], np.int64)}
        with torch.inference_mode():
            wanted, noise = _ours(net, ids, duration_noise, scales, speaker, rng)
        noises |= dict(zip(drawn, [duration_noise, noise][-len(drawn) :], strict=True))
        if config.speaker_dim:
            noises["sid"] = np.array([speaker], np.int64)
        found = _theirs(session, noises | {"scales": np.array(scales, np.float32)})
        if found is not None and len(found) == len(wanted):
            return error_db(found, wanted)
    raise PortError("its sentences last longer or shorter than our net's" if found is not None else "it cannot be run as VITS is")


def _ours(
    net: Vits, ids: NDArray[Any], duration_noise: NDArray[Any], scales: tuple[float, ...], speaker: int, rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return our wave and the noise of its latents."""
    noise_scale, length_scale, duration_scale = scales
    chosen = torch.tensor([speaker])
    given = torch.from_numpy(ids), torch.from_numpy(duration_noise) * duration_scale
    frames = net.frames(*given, length_scale, chosen)
    noise = rng.standard_normal((1, net.config.latent, int(frames.sum())), np.float32)
    return net(*given, torch.from_numpy(noise) * noise_scale, length_scale, chosen)[0].numpy(), noise


def _theirs(session: onnxruntime.InferenceSession, inputs: Mapping[str, NDArray[Any]]) -> NDArray[Any] | None:
    """Return the original's wave; None where it refuses, as it does when its sentence has other frames than the noise."""
    try:
        wav: NDArray[Any] = session.run(None, dict(inputs))[0].reshape(-1)
    except Exception:  # the runtime's errors have no common base below Exception
        return None
    return wav
