"""A voice of another family that teaches: whether it can, who of it does, how large it is, and its graphs, listened to.

What a teacher must be able to do is speak Mandarin that this program's front end has read. What is inside it does not matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import PersonConfig, StyleConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.engine.onnx import Session
from tingshuo.errors import BundleError, PortError, RequestError
from tingshuo.store.bundle import Bundle
from tingshuo.store.consent import check_consent
from tingshuo.store.manifest import Manifest
from tingshuo.tasks.choice import choose
from tingshuo.tasks.performance import MODELS, Model, row_of
from tingshuo.tasks.tts import TASK, Voice
from tingshuo.train.imported_config import ImportedConfig
from tingshuo.types import EMOTIONS

Array = NDArray[Any]
OWN_FAMILY = "fastspeech"
"""Of the voices that Tingshuo trains; see `tingshuo.train.distill_voice` for how they teach."""
LANGUAGES = ("zh", "cmn")
"""Primary tags of Mandarin."""
NEUTRAL = "neutral"
VOCODER = "vocoder"
WATCHED = ("encoder", "duration")
"""Graphs whose answers tell what a voice read and for how long, where its family has them."""


@dataclass(frozen=True, slots=True)
class Teacher:
    """A voice, and whom of it a student learns: speakers and styles with the default first, ``emotions`` beside neutral."""

    bundle: Bundle
    speakers: tuple[PersonConfig, ...]
    styles: tuple[StyleConfig, ...]
    emotions: tuple[str, ...]

    @property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.bundle.manifest.name}@{self.bundle.manifest.version}"

    @property
    def english(self) -> bool:
        """Whether it says that it speaks English."""
        return any(language.startswith("en") for language in self.bundle.manifest.languages)

    def manner(self, style: str | None, emotion: str) -> tuple[str, str]:
        """Return the style and the emotion of a student in which it says what its teacher says so."""
        if emotion in EMOTIONS:
            return style or self.styles[0].name, emotion
        return emotion, NEUTRAL


def is_own(manifest: Manifest) -> bool:
    """Whether a voice is of the family that Tingshuo trains, and so has nets that a student can begin as."""
    return manifest.task == TASK and manifest.family.partition("+")[0] == OWN_FAMILY


def check_teacher(bundle: Bundle, config: ImportedConfig) -> Teacher:
    """Refuse what cannot teach, and look up who of it shall.

    Raises
    ------
    BundleError
        It is encrypted.
    PortError
        It does not speak, or no Mandarin.
    ConsentError
        It was cloned from a person who has not agreed, or no longer agrees.
    UnknownVoiceError
        It has no such speaker or style.
    RequestError
        It has no such emotion.
    """
    manifest = bundle.manifest
    if manifest.sealed is not None:
        raise BundleError(f"{bundle.path}: is encrypted, so nobody can learn from it; `tingshuo unseal` first")
    if manifest.task != TASK:
        raise PortError(
            f"{bundle.path}: is not a voice that speaks, its task is {manifest.task}; name a voice, whose speech will teach the "
            "student"
        )
    if not any(language.split("-")[0] in LANGUAGES for language in manifest.languages):
        raise PortError(
            f"{bundle.path}: speaks {', '.join(manifest.languages)} and no Mandarin, and a student reads what it is to say with "
            "the Mandarin front end of this program; name a voice that speaks zh"
        )
    check_consent(manifest, date.today())
    settings = bundle.settings
    people, styles = settings.speakers, settings.styles or ONE_STYLE
    speakers = [people[row] for row in _rows("speaker", config.speakers, people, manifest.name)]
    manners = [styles[row] for row in _rows("style", config.styles, styles, manifest.name)]
    emotions = tuple(dict.fromkeys(name for name in config.emotions if name != NEUTRAL))
    for name in emotions:
        known = dict.fromkeys((*settings.emotions, *manifest.emotions))
        if name not in known and not settings.prompted:
            has = f"it has: {', '.join(known)}" if known else "it has none"
            raise RequestError(f"{manifest.name} has learnt no emotion {name!r}; {has}", "emotion")
    return Teacher(bundle, tuple(speakers), tuple(manners), emotions)


def _rows(what: str, names: Sequence[str], known: Sequence[PersonConfig | StyleConfig], voice: str) -> list[int]:
    there = tuple(one.name for one in known)
    return [row_of(what, name, there, voice) for name in dict.fromkeys(names)] or [0]


class Witness:
    """A graph that remembers what it answered.

    Parameters
    ----------
    session : Session
        The graph.
    """

    def __init__(self, session: Session) -> None:
        self.session, self.spec = session, session.spec
        self.answers: list[dict[str, Array]] = []

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the graph."""
        answer = self.session.run(inputs)
        self.answers.append(answer)
        return answer


def open_model(teacher: Teacher) -> tuple[Model, dict[str, Witness]]:
    """Open a voice in its exact precision; returns what speaks, and the graphs of `WATCHED` that it has."""
    bundle, manifest = teacher.bundle, teacher.bundle.manifest
    graphs: dict[str, Any] = dict(Voice(bundle, precision="fp32", engine="onnx").graphs)
    witnesses = {name: Witness(graphs[name]) for name in WATCHED if name in graphs}
    tensors = {name: bundle.tensors(name) for name in manifest.files if name.endswith(".safetensors")}
    family = MODELS.load(manifest.family.partition("+")[0])
    model: Model = family(manifest.name, bundle.settings, graphs | witnesses, tensors)
    return model, witnesses


@dataclass(frozen=True, slots=True)
class Parameters:
    """Numbers that a voice has learnt: in all, and those of its vocoder where it has one apart."""

    whole: int
    vocoder: int | None

    @property
    def acoustic(self) -> int | None:
        """Of all but the vocoder; None where there is none apart."""
        return None if self.vocoder is None else self.whole - self.vocoder


def count(bundle: Bundle) -> Parameters:
    """Count the parameters of a voice: those of every file that a graph reads in its exact precision, each once."""
    read = {name: set(choose(bundle.manifest, name, "fp32", "onnx").weights) for name in bundle.manifest.graphs}
    sizes = {path: sum(int(np.size(one)) for one in bundle.tensors(path).values()) for path in set().union(*read.values())}
    others = {path for name, paths in read.items() if name != VOCODER for path in paths}
    vocoder = sum(sizes[path] for path in read[VOCODER] - others) if VOCODER in read else None
    return Parameters(sum(sizes.values()), vocoder or None)
