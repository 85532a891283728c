"""A recogniser that counts, among a server's own, and recordings that it can hear."""

import dataclasses
import io
import threading
from collections.abc import Callable

import numpy as np
import soundfile
from tests.tasks.recognise.counting import Counting

from tingshuo.audio import vad
from tingshuo.serve.listeners import Listeners
from tingshuo.store.bundle import Bundle

RATE = 16000


class Ear(Counting):
    """Says 嘟 for each 0.3 s of sound; ``before`` is called with the number of each utterance in the worker thread."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[int], None] = lambda _: None
        self.opened: list[tuple[str, object]] = []
        self.opening = threading.Lock()

    def hear(self, wav, beam=10, expected=None):
        self.before(len(self.heard_s))
        return super().hear(wav, beam, expected)


class LoudIsSpeech:
    """Stands in for the net that hears speech, which tones do not deceive."""

    def __init__(self) -> None:
        self.waiting = np.zeros(0, np.float32)

    def feed(self, wav):
        self.waiting = np.concatenate([self.waiting, wav])
        whole = len(self.waiting) // vad.HOP * vad.HOP
        frames, self.waiting = self.waiting[:whole].reshape(-1, vad.HOP), self.waiting[whole:]
        return (np.square(frames).mean(1) > 1e-5).astype(np.float32)

    def finish(self):
        return self.feed(np.zeros(-len(self.waiting) % vad.HOP, np.float32))


def listeners_of(ear: Ear, bundle: Bundle, **options: object) -> Listeners:
    """Recognisers ``ear`` and ``other``, the first by default, both the same; the bundle is that of a voice."""

    def load(one: Bundle, chosen: object) -> Ear:
        with ear.opening:
            ear.opened.append((one.manifest.name, chosen))
        return ear

    manifest = bundle.manifest.replace(task="asr", languages=("zh",))
    catalogue = {n: dataclasses.replace(bundle, manifest=manifest.replace(name=n)) for n in ("ear", "other")}
    return Listeners(catalogue, **{"default": "ear", "load": load, **options})


def recording(*sounds: float, rate: int = RATE) -> np.ndarray:
    """Seconds of silence and of sound in turns."""
    pieces = [(0.3 * (n % 2)) * np.sin(np.arange(round(s * rate)) / rate * 3000) for n, s in enumerate(sounds)]
    return np.concatenate(pieces).astype(np.float32)


def wav_of(samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> bytes:
    """Return the bytes of a wav file."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype=subtype)
    return file.getvalue()
