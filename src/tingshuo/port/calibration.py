"""Inputs that the graphs of a voice see in use: sentences spoken in every emotion and style, recorded at the graphs' borders."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import VoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import PortError, TextError
from tingshuo.tasks.acoustic import SentenceAcoustics, Timbre
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import has_english
from tingshuo.types import EMOTIONS, SpeechRequest

Array = NDArray[Any]
Inputs = dict[str, Array]
_LONGEST_CHARACTERS = 40


class _Recorder:
    """Stands in for a `Session` and keeps what it is asked to run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.seen: list[Inputs] = []

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Keep the inputs, then run the session."""
        self.seen.append(dict(inputs))
        return self._session.run(inputs)


def record_inputs(
    sessions: Mapping[str, Session], config: VoiceConfig, tables: Mapping[str, Array], texts: Sequence[str]
) -> dict[str, list[Inputs]]:
    """Speak sentences and return what each graph was given.

    Emotions and styles take turns from one text to the next.

    Parameters
    ----------
    sessions : Mapping[str, Session]
        ``encoder``, ``pitch``, ``decoder`` and ``vocoder``, float32.
    config : VoiceConfig
        Of the voice.
    tables : Mapping[str, Array]
        Tensors with ``style.weight`` and ``speaker.weight``.
    texts : Sequence[str]
        One or more sentences each.

    Raises
    ------
    PortError
        None of the texts can be spoken.
    """
    recorders = {name: _Recorder(session) for name, session in sessions.items()}
    styles = tables["style.weight"].astype(np.float32)
    speaker = tables["speaker.weight"][:1].astype(np.float32)
    for index, text in enumerate(texts):
        row = index % len(styles)
        timbre = Timbre(speaker, styles[row : row + 1], config.speakers[0], config.styles[row].tempo)
        request = SpeechRequest(text=text, emotion=EMOTIONS[index % len(EMOTIONS)])
        try:
            sentences = list(Frontend(english=has_english(config.phonemes)).sentences(text))
        except TextError:
            continue  # a line of symbols teaches nothing about speech
        for sentence in sentences:
            graphs = cast(Mapping[str, Session], recorders)
            acoustics = SentenceAcoustics(graphs, config, sentence.words, timbre, request, Stopwatch())
            mel, f0 = acoustics.mel(0, acoustics.frames), acoustics.f0_hz(0, acoustics.frames)
            features = {"mel": mel[None], "f0": f0[None]}
            recorders["vocoder"].run({name: features[name] for name in sessions["vocoder"].spec.inputs})
    if not recorders["encoder"].seen:
        raise PortError("none of the calibration texts can be spoken")
    return {name: recorder.seen for name, recorder in recorders.items()}


def pick_texts(lines: Sequence[str], count: int, offset: int = 0) -> list[str]:
    """Return ``count`` lines of at most 40 characters, spread evenly; another ``offset`` gives others."""
    usable = [line.strip() for line in lines if 0 < len(line.strip()) <= _LONGEST_CHARACTERS]
    return usable[offset :: max(1, len(usable) // count)][:count]
