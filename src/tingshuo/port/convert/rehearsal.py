"""What a voice says while its graphs are proved."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from numpy.typing import NDArray

from tingshuo.config import FamilyConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.performance import MODELS, Model
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.text.frontend import Frontend
from tingshuo.types import Runs, SpeechRequest

SENTENCE = "今天真好。"


def speak_once(config: FamilyConfig, tables: Mapping[str, NDArray[Any]]) -> Callable[[Mapping[str, Runs]], None]:
    """Return a rehearsal: a voice of a family says a sentence.

    Parameters
    ----------
    config : FamilyConfig
        Of the bundle.
    tables : mapping
        Tensors of its acoustic model.
    """

    def rehearse(graphs: Mapping[str, Runs]) -> None:
        sessions = cast(Mapping[str, Session], graphs)
        family = config.family.partition("+")[0]
        model: Model = MODELS.load(family)("rehearsal", config, sessions, {"weights/acoustic.safetensors": tables})
        sentence = next(Frontend(english=model.english).sentences(SENTENCE))
        for _ in model.prepare(SpeechRequest(text=SENTENCE)).perform(sentence, 0, Stopwatch()).samples():
            pass

    return rehearse
