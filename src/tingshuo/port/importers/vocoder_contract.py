"""What a contract tells of a vocoder: which mel it reads, how that lies in the graph, and what the graph makes of it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from tingshuo.audio.mel import HIFIGAN
from tingshuo.config import MelConfig, StrictModel
from tingshuo.errors import ConfigError

CONVENTIONS: Mapping[str, Mapping[str, Any]] = {
    "hifigan": HIFIGAN,
    "vocos": {key: value for key, value in MelConfig().fields().items() if key in HIFIGAN},
}
"""Whose program computes a mel so, and the fields that say how; the sizes are told by everybody for themselves."""
Layout = Literal["bmf", "bfm", "mf", "fm", "b1mf", "b1fm"]
"""How a mel lies in its input: b batch of one, m bands, f frames."""
KINDS = (
    {"wav"},
    {"log_magnitude", "phase"},
    {"magnitude", "phase"},
    {"log_magnitude", "cos", "sin"},
    {"magnitude", "cos", "sin"},
)
"""What a vocoder may make: samples, or a transform, its phase as an angle or as that angle's cosine and sine."""
SKELETON = """\
inputs:
  mel: FILL_IN            # what the graph calls it; f0: NAME as well where it reads F0 in Hz
outputs:
  wav: FILL_IN            # samples; or log_magnitude (or magnitude) and phase (or cos and sin) of a transform
mel:                      # how the mel that it was trained with is computed; wrong values sound wrong
  like: FILL_IN           # hifigan or vocos: floor, scale, norm, framing and power_offset as in that program; or write these
  sample_rate: FILL_IN    # such as 22050
  n_fft: FILL_IN          # 1024
  hop_length: FILL_IN     # 256
  win_length: FILL_IN     # 1024
  n_mels: FILL_IN         # 80
  fmin: FILL_IN           # 0
  fmax: FILL_IN           # 8000
# layout: bmf             # b batch of one, m bands, f frames: bmf bfm mf fm b1mf b1fm; where the graph does not show it
# log: e                  # e, 2 or 10: which logarithm it wants
# mean: 0.0               # what it wants is (log mel - mean) / deviation: one number, or a list of one for each band
# deviation: 1.0
# full_scale: 1.0         # the largest sample that it makes: 32768 where it makes whole numbers
# values: {}              # other inputs, each with the value that it always has
# context_frames: 20      # frames either side that a sample depends on; measured where it is left out
"""


class VocoderInputs(StrictModel, frozen=True, kw_only=True):
    """Which input of the graph plays which role."""

    mel: str | None = None
    f0: str | None = None
    """Hz, 0 = unvoiced."""


class DeclaredMel(StrictModel, frozen=True, kw_only=True):
    """The fields of a `MelConfig`, none of which is guessed: what is not told is as ``like`` has it."""

    sample_rate: Annotated[int, msgspec.Meta(ge=4000, le=192000)]
    n_fft: Annotated[int, msgspec.Meta(ge=16, le=1 << 16)]
    hop_length: Annotated[int, msgspec.Meta(ge=1)]
    win_length: Annotated[int, msgspec.Meta(ge=1)]
    n_mels: Annotated[int, msgspec.Meta(ge=1, le=1024)]
    fmin: float
    fmax: float
    like: Literal["hifigan", "vocos"] | None = None
    floor: float | None = None
    scale: Literal["htk", "slaney"] | None = None
    norm: Literal["none", "slaney"] | None = None
    framing: Literal["center", "same"] | None = None
    power_offset: float | None = None
    levels_db: tuple[float, float] | None = None

    def config(self, source: str) -> MelConfig:
        """Return the convention; ``source`` names the contract.

        Raises
        ------
        ConfigError
            A field is told by nobody, or no mel can be computed so.
        """
        told = {key: value for key, value in self.fields().items() if key != "like" and value is not None}
        known = dict(CONVENTIONS[self.like]) if self.like else {}
        silent = [key for key in ("floor", "scale", "norm", "framing") if key not in {**known, **told}]
        if silent:
            raise ConfigError(f"{source}: mel: does not say {', '.join(silent)}; say it, or like: hifigan, or like: vocos")
        mel = MelConfig.check(known | told, f"{source}: mel")
        if not (
            mel.hop_length <= mel.win_length <= mel.n_fft and 0 <= mel.fmin < mel.fmax <= mel.sample_rate / 2 and mel.floor > 0
        ):
            raise ConfigError(
                f"{source}: mel: no mel can be computed so: hop_length <= win_length <= n_fft, floor > 0 and "
                "0 <= fmin < fmax <= sample_rate / 2 have to hold"
            )
        return mel


class VocoderContract(StrictModel, frozen=True, kw_only=True):
    """The keys of the task ``vocoder``."""

    mel: DeclaredMel
    inputs: VocoderInputs = VocoderInputs()
    outputs: dict[str, str] = msgspec.field(default_factory=dict)
    """Ours, of `KINDS`, to theirs; what a graph with one output makes are samples."""
    layout: Layout | None = None
    log: Literal["e", 2, 10] = "e"
    mean: float | tuple[float, ...] = 0.0
    deviation: float | tuple[float, ...] = 1.0
    full_scale: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    values: dict[str, float] = msgspec.field(default_factory=dict)
    context_frames: Annotated[int, msgspec.Meta(ge=0)] | None = None
