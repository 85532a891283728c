"""What an evaluation holds: the sounds and measures of each row, and the figures over all of them."""

from dataclasses import dataclass, field

import numpy as np

from tingshuo.audio.align import Path
from tingshuo.tasks.evaluate.compare import Heard
from tingshuo.tasks.evaluate.figures import KINDS, Figure
from tingshuo.tasks.evaluate.syllables import SyllableCheck, ToneShapes
from tingshuo.types import Wav


@dataclass(frozen=True, slots=True)
class Sound:
    """A signal (T,) and what was measured of it."""

    wav: Wav
    heard: Heard


@dataclass(frozen=True, slots=True)
class Result:
    """One row or text.

    ``speaker`` is whose recording it is (empty without one), ``spoken_by`` the speaker of the voice who spoke it. ``measures``
    are kind -> measure -> value. ``recording``, ``copy`` and ``path`` (frames of the recording with frames of the
    speech) are None without a recording, ``forced`` without its timing. ``heard_as`` are kind -> what a recogniser wrote down.
    """

    id: str
    text: str
    speaker: str
    spoken_by: str
    measures: dict[str, dict[str, float]]
    speech: Sound
    syllables: dict[str, list[SyllableCheck]]
    recording: Sound | None = None
    copy: Sound | None = None
    forced: Sound | None = None
    path: Path | None = None
    warnings: tuple[str, ...] = ()
    heard_as: dict[str, str] = field(default_factory=dict)

    @property
    def badness(self) -> float:
        """What rows are sorted by: distance from the recording; without one, syllables that do not sound, then unlikely tones."""
        own = self.measures["speech"]
        if "mcd_db" in own:
            return own["mcd_db"]
        return float(np.nansum([own["inaudible_pct"], 1 - own["tones_correlation"]]))

    def sounds(self) -> dict[str, Sound]:
        """What there is to hear, by kind."""
        found = {"recording": self.recording, "copy": self.copy, "forced": self.forced, "speech": self.speech}
        return {kind: sound for kind, sound in found.items() if sound is not None}


@dataclass(slots=True)
class Evaluation:
    """Everything that was measured of a voice.

    ``speakers`` are those of the voice who spoke, ``subject`` says what it was measured on, ``tones`` are kind -> tone ->
    contours, ``notes`` sentences on what could not be measured or was left out.
    """

    voice: str
    version: str
    precision: str
    style: str
    speakers: tuple[str, ...]
    subject: str
    sample_rate: int
    hop_length: int
    results: list[Result]
    figures: list[Figure] = field(default_factory=list)
    tones: dict[str, dict[int, ToneShapes]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """Kinds of sound that have figures, in their order."""
        return [kind for kind in KINDS if any(figure.kind == kind for figure in self.figures)]

    def worst(self, count: int) -> list[Result]:
        """Return the worst results, the very worst first."""
        return sorted(self.results, key=lambda result: result.badness, reverse=True)[:count]
