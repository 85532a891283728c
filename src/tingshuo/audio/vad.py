"""Where somebody speaks: a small net tells how likely each 20 ms are speech, and rules make stretches of that.

The net reads a log mel filter bank of 40 bands: a layer over 55 ms, five convolutions in depth with growing gaps, 2.3 s back and
0.14 s ahead, 33,000 weights in all. It was taught here (`scripts/build_vad.py`) and runs in numpy; ``docs/transcribe.md`` has its
errors beside those of others. A stream is fed blocks of any size and finds the same as in one piece; it keeps the samples of the
stretch that is under way, `VadConfig.longest_s` at most.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from tingshuo.audio.fbank import fbank
from tingshuo.config.fbank import FbankConfig
from tingshuo.errors import RequestError
from tingshuo.registry import Registry, Row
from tingshuo.types import Wav

Floats = NDArray[np.float32]

SAMPLE_RATE = 16000
HOP = 320
"""Samples of a frame: 20 ms."""
FRAME_S = HOP / SAMPLE_RATE
WEIGHTS = Path(__file__).parent / "data" / "vad.safetensors"
FBANK = FbankConfig(n_mels=40, low_hz=60.0, high_hz=7600.0, energy_floor=1.0)
MEAN, SCALE = 10.0, 0.2
"""Features less the one, times the other, lie about 0."""
STACKED, STRIDE = 4, 2
"""Frames of features to one of the net, and from one of the net to the next."""
DILATIONS = ((1, 3, 1), (2, 3, 1), (4, 3, 1), (8, 4, 0), (16, 4, 0))
"""Of each convolution: the gap between its taps, and how many of them lie before and after their own frame."""
LEAD = 280
"""Silence before the first sample, so that a frame of the net lies in the middle of what it hears."""
NETS = Registry(
    "net that hears speech",
    {"own": Row("tingshuo.audio.vad:SpeechNet"), "silero": Row("tingshuo.audio.silero:SileroNet")},
)
"""Nets that feed and finish alike."""
_BLOCK = 1500
"""Frames that are computed at a time, half a minute: what is fed at once needs no more memory however long it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VadConfig:
    """What counts as a stretch of speech; seconds, and probabilities from 0 to 1.

    Parameters
    ----------
    threshold : float
        Speech begins where it is as likely as this.
    release : float
        It ends where it stays less likely than this.
    shortest_s : float
        What is shorter is no speech.
    silence_s : float
        A pause that ends a stretch.
    padding_s : float
        Is added before and after, where there is no other stretch; at most half of ``silence_s``.
    longest_s : float
        A longer stretch is cut at the quietest place of its last quarter; 1 to 600.
    net : str
        Who tells how likely speech is, one of `NETS`.

    Raises
    ------
    RequestError
        A value outside its range.
    """

    threshold: float = 0.5
    release: float = 0.35
    shortest_s: float = 0.2
    silence_s: float = 0.5
    padding_s: float = 0.2
    longest_s: float = 20.0
    net: str = "own"

    def __post_init__(self) -> None:
        """Check every field."""
        if self.net not in NETS:
            raise RequestError(f"unknown net {self.net!r}; accepted: {', '.join(NETS)}", "net")
        if not 0 < self.release <= self.threshold < 1:
            raise RequestError(f"0 < release <= threshold < 1 is wanted, got {self.release:g}, {self.threshold:g}", "threshold")
        if not 1 <= self.longest_s <= 600:
            raise RequestError(f"longest_s must be 1 to 600 seconds, got {self.longest_s:g}", "longest_s")
        if not 0 <= self.shortest_s < self.longest_s:
            raise RequestError(f"shortest_s must be 0 or more and less than longest_s, got {self.shortest_s:g}", "shortest_s")
        if not 0.04 <= self.silence_s <= 10:
            raise RequestError(f"silence_s must be 0.04 to 10 seconds, got {self.silence_s:g}", "silence_s")
        if not 0 <= self.padding_s <= self.silence_s / 2:
            raise RequestError(f"padding_s must be 0 to half of silence_s, got {self.padding_s:g}", "padding_s")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of speech: from when to when, its samples at `SAMPLE_RATE`, and how likely it is speech on the whole."""

    begin_s: float
    end_s: float
    wav: Wav
    likely: float


@dataclass(frozen=True, slots=True)
class Open:
    """A stretch that has begun and not ended.

    Parameters
    ----------
    begin : int
        Its first sample, the padding before it included, counted from the begin of the recording.
    is_sure : bool
        Whether it will be a stretch whatever comes; before that it may turn out to be too short.
    """

    begin: int
    is_sure: bool


class Net(Protocol):
    """Tells how likely speech is, frame by frame of `HOP` samples."""

    def feed(self, wav: Wav, /) -> Floats:
        """Go on by samples at `SAMPLE_RATE`, any number; return how likely speech is in the frames that are known, (N,)."""
        ...

    def finish(self) -> Floats:
        """End the recording; return the frames that were still waited for, the last one of what is left over."""
        ...


class SpeechNet:
    """The net on its way through one recording.

    Frame ``n`` lies at ``n * HOP`` samples; it is known about 0.2 s after it was fed.
    """

    def __init__(self) -> None:
        self._weights = _weights()
        self._waiting: Wav = np.zeros(LEAD, np.float32)
        size = self._weights["input.bias"].shape[0]
        self._kept = [np.zeros((back * gap, size), np.float32) for gap, back, _ in DILATIONS]

    def feed(self, wav: Wav) -> Floats:
        """Go on by samples at `SAMPLE_RATE`, any number; return how likely speech is in the frames that are known, (N,)."""
        self._waiting = np.concatenate([self._waiting, np.asarray(wav, np.float32)])
        return self._go(last=False)

    def finish(self) -> Floats:
        """End the recording; return the frames that were still waited for, the last one of what is left over."""
        need = (STACKED - 1) * FBANK.shift_samples + FBANK.window_samples
        frames = -(-(len(self._waiting) - LEAD) // HOP)
        missing = max(0, (frames - 1) * HOP + need - len(self._waiting))
        self._waiting = np.pad(self._waiting, (0, missing))
        return self._go(last=True)

    def _go(self, *, last: bool) -> Floats:
        made: list[Floats] = []
        while (count := (FBANK.frames(len(self._waiting)) - STACKED) // STRIDE + 1) > 0:
            count = min(count, _BLOCK)
            length = ((count - 1) * STRIDE + STACKED - 1) * FBANK.shift_samples + FBANK.window_samples
            made.append(self._run(self._input(self._waiting[:length]), last=False))
            self._waiting = self._waiting[count * HOP :]
        if last:
            made.append(self._run(np.zeros((0, self._kept[0].shape[1]), np.float32), last=True))
        return np.concatenate(made) if made else np.zeros(0, np.float32)

    def _input(self, wav: Wav) -> Floats:
        """Return the first layer's frames of samples."""
        features = (fbank(wav, FBANK) - np.float32(MEAN)) * np.float32(SCALE)
        windows = np.lib.stride_tricks.sliding_window_view(features, STACKED, axis=0)[::STRIDE]  # (N, bands, STACKED)
        stacked = np.ascontiguousarray(windows.transpose(0, 2, 1)).reshape(len(windows), -1)
        return _relu(stacked @ self._weights["input.weight"] + self._weights["input.bias"])

    def _run(self, x: Floats, *, last: bool) -> Floats:
        for n, (gap, back, ahead) in enumerate(DILATIONS):
            tail = np.zeros((ahead * gap if last else 0, x.shape[1]), np.float32)
            held = np.concatenate([self._kept[n], x, tail])
            reach = (back + ahead) * gap
            count = max(len(held) - reach, 0)
            self._kept[n] = held[count:]
            taps = self._weights[f"depth.{n}.weight"]
            y = sum((held[k * gap : k * gap + count] * taps[k] for k in range(len(taps))), self._weights[f"depth.{n}.bias"])
            x = held[back * gap : back * gap + count]
            x = x + _relu(y @ self._weights[f"point.{n}.weight"] + self._weights[f"point.{n}.bias"])
        logits = x @ self._weights["output.weight"] + self._weights["output.bias"]
        likely: Floats = (0.5 * np.tanh(0.5 * logits[:, 0]) + 0.5).astype(np.float32)
        return likely


class SpeechFinder:
    """Finds the stretches of speech in one recording, block by block.

    Parameters
    ----------
    config : VadConfig or None
        What counts as a stretch.
    net : Net or None
        Tells how likely speech is; None is that of the config.
    """

    def __init__(self, config: VadConfig | None = None, net: Net | None = None) -> None:
        self.config = config or VadConfig()
        self._net: Net = net or NETS.load(self.config.net)()
        self._shortest, self._silence, self._padding, self._longest = (
            round(seconds / FRAME_S)
            for seconds in (self.config.shortest_s, self.config.silence_s, self.config.padding_s, self.config.longest_s)
        )
        self._wav: Wav = np.zeros(0, np.float32)
        self._wav_begin = self._frame = self._fed = 0
        self._begin: int | None = None  # first frame of the stretch that is under way
        self._last = 0  # the last one in which somebody spoke
        self._joined = False  # the stretch goes on from one that was cut
        self._likely: list[float] = []

    def feed(self, wav: Wav) -> list[Stretch]:
        """Go on by samples at `SAMPLE_RATE`, any number; return the stretches that have ended."""
        found = []
        for first in range(0, len(wav), _BLOCK * HOP):
            block = wav[first : first + _BLOCK * HOP]
            self._wav = np.concatenate([self._wav, block])
            self._fed += len(block)
            found += self._follow(self._net.feed(block))
        return found

    def finish(self) -> list[Stretch]:
        """End the recording; return what was still under way."""
        found = self._follow(self._net.finish())
        if self._begin is not None:
            found += self._ended(self._begin, self._last + 1)
        return found

    @property
    def open(self) -> Open | None:
        """The stretch that is under way, known about 0.2 s after it began; None where nobody speaks."""
        if self._begin is None:
            return None
        begin = self._begin - (0 if self._joined else self._padding)
        return Open(max(begin, 0) * HOP, self._is_long_enough(self._begin, self._last + 1))

    def since(self, sample: int) -> Wav:
        """Return the samples of the open stretch from one of them on, up to the last that was fed."""
        return self._wav[sample - self._wav_begin :].copy()

    def _follow(self, likely: Floats) -> list[Stretch]:
        found: list[Stretch] = []
        for value in likely.tolist():
            if self._begin is None and value >= self.config.threshold:
                self._begin, self._joined, self._likely = self._frame, False, []
            if self._begin is not None:
                self._likely.append(value)
                if value >= self.config.release:
                    self._last = self._frame
                if self._frame - self._last >= self._silence:
                    found += self._ended(self._begin, self._last + 1)
                elif len(self._likely) >= self._longest:
                    found += self._cut(self._begin)
            self._frame += 1
        self._drop((self._frame if self._begin is None else self._begin) - self._padding)
        return found

    def _ended(self, begin: int, end: int) -> list[Stretch]:
        """End the stretch that is under way, unless it is too short."""
        self._begin = None
        if not self._is_long_enough(begin, end):
            return []
        return [self._stretch(begin - (0 if self._joined else self._padding), end + self._padding, end - begin)]

    def _is_long_enough(self, begin: int, end: int) -> bool:
        return end - begin >= (1 if self._joined else self._shortest)

    def _cut(self, begin: int) -> list[Stretch]:
        """End the stretch at its quietest place, half a frame of 100 ms around it counting, and go on from there."""
        first = begin + self._longest - self._longest // 4
        samples = self._samples(first, begin + self._longest).astype(np.float64)
        energy = np.square(samples[: len(samples) // HOP * HOP]).reshape(-1, HOP).sum(1)
        around = np.convolve(np.pad(energy, 2, mode="edge"), np.ones(5), "valid")
        at = first + int(around.argmin())
        found = self._stretch(begin - (0 if self._joined else self._padding), at, at - begin)
        self._begin, self._joined, self._likely = at, True, self._likely[at - begin :]
        return [found]

    def _stretch(self, begin: int, end: int, spoken: int) -> Stretch:
        wav = self._samples(begin, end)
        begin_s = max(begin, 0) * FRAME_S
        return Stretch(begin_s, begin_s + len(wav) / SAMPLE_RATE, wav, float(np.mean(self._likely[:spoken])))

    def _samples(self, begin: int, end: int) -> Wav:
        """Return the samples of frames, as far as there are any."""
        return self._wav[max(begin * HOP, 0) - self._wav_begin : max(end * HOP - self._wav_begin, 0)].copy()

    def _drop(self, frame: int) -> None:
        """Forget samples before a frame."""
        begin = max(frame * HOP, self._wav_begin)
        self._wav = self._wav[begin - self._wav_begin :]
        self._wav_begin = begin


def speech_stretches(blocks: Iterable[Wav], config: VadConfig | None = None) -> Iterator[Stretch]:
    """Yield the stretches of speech in blocks of samples at `SAMPLE_RATE`, each as soon as it has ended."""
    finder = SpeechFinder(config)
    for block in blocks:
        yield from finder.feed(block)
    yield from finder.finish()


def _relu(x: Floats) -> Floats:
    return np.maximum(x, 0, out=x)


@lru_cache(maxsize=1)
def _weights() -> dict[str, Floats]:
    return {name: tensor.astype(np.float32) for name, tensor in load_file(WEIGHTS).items()}
