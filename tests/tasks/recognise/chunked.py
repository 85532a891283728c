"""A recogniser of the conformer family that hears in chunks, made of functions: it says 嘟 for each burst of sound."""

import numpy as np

from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.config.fbank import FbankConfig
from tingshuo.tasks.recognise.model import Recogniser
from tingshuo.types import GraphSpec

UNITS = ("<blank>", "嘟", "吧", "哔", "<sos/eos>")
SETTINGS = ConformerBundleConfig(
    family="conformer", fbank=FbankConfig(n_mels=4), units=UNITS, sos=4, eos=4, subsampling=4, context_frames=7,
    architecture={"conformer.static_chunk": 0, "conformer.dynamic_chunk": True},
)  # fmt: skip


class Encoder:
    """A frame is the loudest band of the first features that it hears; ``frames`` counts those that were made."""

    def __init__(self):
        self.frames = 0

    def run(self, inputs):
        features = inputs["features"]
        count = (features.shape[1] - 7) // 4 + 1
        self.frames += count
        return {"encoded": features[:, : 4 * count : 4].max(2, keepdims=True)}


class ChunkEncoder(Encoder):
    """The same with a past."""

    spec = GraphSpec(
        {"features": ("float32", (1, "T", 4)), "offset": ("int64", (1,)), "memory": ("float32", (1, 1, "P", 1))},
        {"encoded": ("float32", (1, "N", 1))},
    )

    def run(self, inputs):
        made = super().run(inputs)
        new = made["encoded"][:, None]
        return made | {"next_memory": np.concatenate([inputs["memory"], new], 2)}


class Ctc:
    """What is loud is most likely 嘟, and perhaps 吧; what is not is nothing."""

    def run(self, inputs):
        loud = inputs["encoded"][..., 0] > 12
        probs = np.where(loud[..., None], [1e-5, 0.99996, 1e-5, 1e-5, 1e-5], [0.99996, 1e-5, 1e-5, 1e-5, 1e-5])
        return {"log_probs": np.log(probs).astype(np.float32)}


def chunked():
    """Return one; its graphs tell how much they were used."""
    return Recogniser(SETTINGS, {"encoder": Encoder(), "encoder_chunk": ChunkEncoder(), "ctc": Ctc()})


def bursts(count, rate=16000, before_s=0.5, after_s=1.0):
    """Return a silence, a number of bursts of a tone, 0.2 s each and 0.14 s apart, and a silence."""
    one = np.concatenate([0.3 * np.sin(np.arange(round(0.2 * rate)) / rate * 3000), np.zeros(round(0.14 * rate))])
    pieces = [np.zeros(round(before_s * rate)), np.tile(one, count), np.zeros(round(after_s * rate))]
    return np.concatenate(pieces).astype(np.float32)
