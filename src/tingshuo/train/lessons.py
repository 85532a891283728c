"""What a voice answers, recorded: the lessons from which a smaller model learns to answer the same.

Sentences are spoken in every speaker, style, emotion, tempo and pitch, so that the smaller model has seen the range of use. No
recordings of people are needed: the larger model is the teacher.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from tingshuo.config import VoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import TextError, TrainError
from tingshuo.store.atomic import replace_file
from tingshuo.tasks.acoustic import SentenceAcoustics, Timbre, frame_places
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import has_english
from tingshuo.types import EMOTIONS, SpeechRequest

Array = NDArray[Any]

LONGEST_FRAMES = 1400
"""Sentences longer than this are left out: 15 s."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Sentences one after the other: S sentences, P phonemes and T frames in all. Answers are in half precision, to save memory.

    ``ids`` ``tones`` ``positions`` ``durations`` (P,) int64 go in, as do ``speakers`` ``styles`` ``emotions`` (S,) int64, rows
    of the teacher's tables, and what the decoder was given: ``f0`` ``unvoiced`` ``energy`` (T,), energy zero when the teacher
    has none. ``hidden`` (P, D), ``log_duration`` (P,), ``pitch`` (T, 2 or 3) and ``mel`` (T, n_mels) should come out.
    ``phone_borders`` and ``frame_borders`` (S + 1,) tell where each sentence begins.
    """

    ids: NDArray[np.int64]
    tones: NDArray[np.int64]
    positions: NDArray[np.int64]
    durations: NDArray[np.int64]
    hidden: NDArray[np.float16]
    log_duration: NDArray[np.float16]
    f0: NDArray[np.float16]
    unvoiced: NDArray[np.float16]
    energy: NDArray[np.float16]
    pitch: NDArray[np.float16]
    mel: NDArray[np.float16]
    speakers: NDArray[np.int64]
    styles: NDArray[np.int64]
    emotions: NDArray[np.int64]
    phone_borders: NDArray[np.int64]
    frame_borders: NDArray[np.int64]

    def __len__(self) -> int:
        """How many sentences there are."""
        return len(self.styles)

    @property
    def frames(self) -> NDArray[np.int64]:
        """Frames of each sentence, (S,)."""
        return np.diff(self.frame_borders)

    def phones_of(self, sentence: int) -> slice:
        """Where the phonemes of a sentence are."""
        return slice(int(self.phone_borders[sentence]), int(self.phone_borders[sentence + 1]))

    def frames_of(self, sentence: int) -> slice:
        """Where the frames of a sentence are."""
        return slice(int(self.frame_borders[sentence]), int(self.frame_borders[sentence + 1]))

    def save(self, path: Path) -> None:
        """Write all of it to a safetensors file.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        replace_file(path, save({field.name: np.ascontiguousarray(getattr(self, field.name)) for field in fields(self)}))

    @classmethod
    def load(cls, path: Path) -> "Lessons":
        """Read what `save` wrote.

        Raises
        ------
        TrainError
            It is damaged or of another kind.
        """
        try:
            return cls(**load_file(path))
        except (OSError, SafetensorError, TypeError) as error:
            raise TrainError(f"{path}: are no lessons that can be read; remove the file and begin anew: {error}") from error


def record_lessons(
    graphs: Mapping[str, Session],
    config: VoiceConfig,
    tables: Mapping[str, Array],
    texts: Sequence[str],
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Lessons:
    """Let a voice speak texts and record what its graphs are asked and answer.

    Parameters
    ----------
    graphs : Mapping[str, Session]
        ``encoder``, ``pitch`` and ``decoder`` of the teacher, best in ``fp32``.
    config : VoiceConfig
        Of the voice.
    tables : Mapping[str, NDArray]
        Tensors with ``style.weight`` and ``speaker.weight``, and ``emotion.weight`` where emotions were learnt.
    texts : sequence of str
        Those that cannot be spoken are left out.
    seed : int
        Of the choice of speaker, style, emotion, tempo and pitch.
    progress : callable or None
        Told how many of how many texts are done.

    Raises
    ------
    TrainError
        None of the texts can be spoken.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Array]] = []
    for done, text in enumerate(texts):
        rows += _sentence_rows(graphs, config, tables, text, rng)
        if progress is not None:
            progress(done + 1, len(texts))
    if not rows:
        raise TrainError("none of the texts can be spoken; give Chinese sentences, one a line")
    joined = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    borders = {
        f"{kind}_borders": np.cumsum([0, *(len(row[of]) for row in rows)]) for kind, of in (("phone", "ids"), ("frame", "f0"))
    }
    return Lessons(**joined, **borders)


def graph_inputs(
    lessons: Lessons, config: VoiceConfig, tables: Mapping[str, Array], framewise: int
) -> dict[str, list[dict[str, Array]]]:
    """Return what the graphs were given, by graph name: what `tingshuo.port.prune.prune_voice` solves its equations on.

    Parameters
    ----------
    lessons : Lessons
        Of the voice whose ``config`` and ``tables`` are given.
    framewise : int
        Only so many sentences for the decoder and the vocoder, spread over all of them: frames are many.
    """
    styles, speakers = (tables[name].astype(np.float32) for name in ("style.weight", "speaker.weight"))
    seen: dict[str, list[dict[str, Array]]] = {"encoder": [], "decoder": [], "vocoder": []}
    some = set(range(0, len(lessons), max(1, len(lessons) // framewise)))
    for sentence in range(len(lessons)):
        phones, frames = lessons.phones_of(sentence), lessons.frames_of(sentence)
        row, style = int(lessons.speakers[sentence]), int(lessons.styles[sentence])
        names = {"phoneme_ids": lessons.ids, "tones": lessons.tones, "positions": lessons.positions}
        encoder = {name: column[None, phones] for name, column in names.items()}
        seen["encoder"].append(encoder | {"style": styles[style : style + 1]})
        if sentence not in some:
            continue
        durations = lessons.durations[phones]
        f0, unvoiced, energy = (c[None, frames].astype(np.float32) for c in (lessons.f0, lessons.unvoiced, lessons.energy))
        decoder = {
            "frames": np.repeat(lessons.hidden[phones].astype(np.float32), durations, axis=0)[None],
            "place": frame_places(durations)[None],
            "f0": f0,
            "unvoiced": unvoiced,
            "energy": energy,
            "speaker": speakers[row : row + 1],
        }
        seen["decoder"].append(decoder)
        pitch = config.speakers[row]
        hertz = np.exp(f0 * pitch.log_f0_std + pitch.log_f0_mean) * (1 - unvoiced)
        mel = np.ascontiguousarray(lessons.mel[frames].T.astype(np.float32))[None]
        seen["vocoder"].append({"mel": mel, "f0": hertz.astype(np.float32)})
    return seen


def _vary(text: str, rng: np.random.Generator) -> SpeechRequest:
    """A request in a random manner; six in ten with a pitch of their own."""
    return SpeechRequest(
        text=text,
        emotion=str(rng.choice(EMOTIONS)),
        strength=float(rng.uniform(0, 1.5)),
        speed=float(np.clip(2 ** rng.normal(0, 0.3), 0.5, 2.0)),
        pitch=float(np.clip(rng.normal(0, 4), -12, 12)) if rng.random() < 0.6 else 0.0,
    )


def _sentence_rows(
    graphs: Mapping[str, Session], config: VoiceConfig, tables: Mapping[str, Array], text: str, rng: np.random.Generator
) -> Iterator[dict[str, Array]]:
    request = _vary(text, rng)
    speaker, style = int(rng.integers(len(config.speakers))), int(rng.integers(len(config.styles)))
    emotion = int(rng.integers(max(1, len(config.emotions))))
    vector = tables["style.weight"][style].astype(np.float32)
    if config.emotions:
        vector = vector + tables["emotion.weight"][emotion].astype(np.float32)
    timbre_row = tables["speaker.weight"][speaker].astype(np.float32)
    timbre = Timbre(timbre_row[None], vector[None], config.speakers[speaker], config.styles[style].tempo)
    try:
        sentences = list(Frontend(english=has_english(config.phonemes)).sentences(text))
    except TextError:
        return
    for sentence in sentences:
        witnesses = {name: _Witness(graphs[name]) for name in ("encoder", "pitch", "decoder")}
        stand_ins = cast(Mapping[str, Session], witnesses)
        acoustics = SentenceAcoustics(stand_ins, config, sentence.words, timbre, request, Stopwatch())
        if acoustics.frames > LONGEST_FRAMES:
            continue
        acoustics.mel(0, acoustics.frames)
        encoded = witnesses["encoder"].calls[0][1]
        asked, answered = witnesses["decoder"].calls[0]
        phones = acoustics.phones
        energy = asked.get("energy", np.zeros_like(asked["f0"]))
        yield {
            "ids": phones.ids,
            "tones": phones.tones,
            "positions": phones.positions,
            "durations": acoustics.durations,
            "hidden": encoded["hidden"][0].astype(np.float16),
            "log_duration": encoded["log_duration"][0].astype(np.float16),
            "f0": asked["f0"][0].astype(np.float16),
            "unvoiced": asked["unvoiced"][0].astype(np.float16),
            "energy": energy[0].astype(np.float16),
            "pitch": witnesses["pitch"].calls[0][1]["pitch"][0].astype(np.float16),
            "mel": answered["mel"][0].T.astype(np.float16),
            "speakers": np.array([speaker]),
            "styles": np.array([style]),
            "emotions": np.array([emotion]),
        }


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
