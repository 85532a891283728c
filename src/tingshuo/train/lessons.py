"""What a voice answers, recorded: the lessons from which a smaller model learns to answer the same.

Sentences are spoken in every style, emotion, tempo and pitch, so that the smaller model has seen the range of use. No
recordings of people are needed: the larger model is the teacher.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tingshuo.engine.onnx import Session
from tingshuo.errors import PortError, TextError
from tingshuo.tasks.acoustic import SentenceAcoustics
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.tts import Voice
from tingshuo.text.frontend import Frontend
from tingshuo.types import EMOTIONS, SpeechRequest

Array = NDArray[Any]

LONGEST_FRAMES = 1400
"""Sentences longer than this are left out: 15 s."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Sentences one after the other, T frames in all, S sentences; half precision, as they fill memory.

    ``frames`` (T, D), ``place`` (T, 8), ``f0`` and ``unvoiced`` (T,) go in; ``pitch`` (T, 2) and ``mel`` (T, n_mels) should come
    out. ``styles`` (S, D) float32, ``borders`` (S + 1,) where each sentence begins.
    """

    frames: NDArray[np.float16]
    place: NDArray[np.float16]
    f0: NDArray[np.float16]
    unvoiced: NDArray[np.float16]
    pitch: NDArray[np.float16]
    mel: NDArray[np.float16]
    styles: NDArray[np.float32]
    borders: NDArray[np.int64]

    @property
    def sentences(self) -> int:
        """How many there are."""
        return len(self.styles)


def record_lessons(voice: Voice, texts: Sequence[str], seed: int = 0) -> Lessons:
    """Let a voice speak texts and record what its pitch and decoder graphs are asked and answer.

    Parameters
    ----------
    voice : Voice
        The teacher, best in ``fp32``.
    texts : sequence of str
        Those that cannot be spoken are left out.
    seed : int
        Of the choice of style, emotion, tempo and pitch.

    Raises
    ------
    PortError
        None of the texts can be spoken.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Array]] = []
    for text in texts:
        rows += _sentence_rows(voice, _vary(text, voice.styles, rng))
    if not rows:
        raise PortError("none of the texts can be spoken; give sentences, one a line")
    joined = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    borders = np.cumsum([0, *(len(row["f0"]) for row in rows)])
    return Lessons(**joined, borders=borders)


def _vary(text: str, styles: Sequence[str], rng: np.random.Generator) -> SpeechRequest:
    """A request in a random manner; six in ten with a pitch of their own."""
    return SpeechRequest(
        text=text,
        style=str(rng.choice(styles)),
        emotion=str(rng.choice(EMOTIONS)),
        strength=float(rng.uniform(0, 1.5)),
        speed=float(np.clip(2 ** rng.normal(0, 0.3), 0.5, 2.0)),
        pitch=float(np.clip(rng.normal(0, 4), -12, 12)) if rng.random() < 0.6 else 0.0,
    )


def _sentence_rows(voice: Voice, request: SpeechRequest) -> Iterator[dict[str, Array]]:
    timbre = voice.timbre(request.style)
    try:
        sentences = list(Frontend().sentences(request.text))
    except TextError:
        return
    for sentence in sentences:
        witnesses = {name: _Witness(voice.graphs[name]) for name in ("encoder", "pitch", "decoder")}
        graphs = cast(Mapping[str, Session], witnesses)
        acoustics = SentenceAcoustics(graphs, voice.config, sentence.words, timbre, request, Stopwatch())
        if acoustics.frames > LONGEST_FRAMES:
            continue
        acoustics.mel(0, acoustics.frames)
        asked, answered = witnesses["decoder"].calls[0]
        columns = {name: asked[name][0].astype(np.float16) for name in ("frames", "place", "f0", "unvoiced")}
        pitch = witnesses["pitch"].calls[0][1]["pitch"][0].astype(np.float16)
        yield columns | {"pitch": pitch, "mel": answered["mel"][0].T.astype(np.float16), "styles": timbre.style}


class _Witness:
    """Stands in for a `Session` and keeps what it was asked and answered."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.calls: list[tuple[dict[str, Array], dict[str, Array]]] = []

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the session and keep both sides."""
        outputs = self._session.run(inputs)
        self.calls.append((dict(inputs), outputs))
        return outputs
