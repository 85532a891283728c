"""One round of watching: a voice is evaluated on fixed rows or texts, and what was measured is judged and kept."""

import hashlib
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tingshuo import __version__
from tingshuo.data.utterance import Utterance
from tingshuo.errors import BundleError
from tingshuo.store.manifest import MANIFEST
from tingshuo.tasks.evaluate.result import Evaluation
from tingshuo.tasks.evaluate.voice import evaluate_rows, evaluate_texts
from tingshuo.tasks.monitor.bands import Band
from tingshuo.tasks.monitor.history import History, Origin, Round
from tingshuo.tasks.monitor.readings import readings_of
from tingshuo.tasks.monitor.verdicts import Judged, judge
from tingshuo.tasks.tts import Voice

WARM_UP = "你好。"
"""Spoken before anything is timed: the first sentence of a voice is slower than all others."""
Progress = Callable[[float], None]
"""Told the share of the work that is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is watched: the same in every round.

    ``rows`` of a corpus, or ``texts`` where there are none; ``subject`` says in words what they are. ``speaker`` and ``style``
    of the voice are those of `tingshuo.tasks.evaluate.voice`, None is its choice.
    """

    subject: str
    rows: tuple[Utterance, ...] = ()
    texts: tuple[str, ...] = ()
    speaker: str | None = None
    style: str | None = None

    def series(self, precision: str) -> str:
        """Return the hash by which rounds belong together: the texts, who speaks them, how, and at which precision."""
        content = [self.texts, [_identity(row) for row in self.rows], self.speaker, self.style, precision]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def evaluate(voice: Voice, watched: Watched, progress: Progress | None = None) -> Evaluation:
    """Evaluate a voice on what is watched.

    Raises
    ------
    DataError
        No row can be spoken and compared.
    TextError
        A text cannot be spoken.
    UnknownVoiceError
        The voice has no such speaker or style.
    """
    voice.synthesize(WARM_UP, speaker=watched.speaker, style=watched.style)
    speaker, style = watched.speaker, watched.style
    if watched.rows:
        return evaluate_rows(voice, watched.rows, watched.subject, speaker=speaker, style=style, progress=progress)
    return evaluate_texts(voice, watched.texts, watched.subject, speaker=speaker, style=style, progress=progress)


def record(
    history: History,
    evaluation: Evaluation,
    watched: Watched,
    digest: str,
    bands: Mapping[str, Band] | None = None,
    *,
    fresh: bool = False,
) -> Round:
    """Judge the figures of an evaluation and keep them.

    Parameters
    ----------
    history : History
        Of the voice.
    evaluation : Evaluation
        From `evaluate`.
    watched : Watched
        What it was evaluated on.
    digest : str
        Of the bundle, see `digest_of`.
    bands : mapping or None
        Those that the user wrote; None learns them.
    fresh : bool
        Begin to learn anew with this round.

    Raises
    ------
    OutputError
        The history cannot be written.
    """
    origin = Origin(
        series=watched.series(evaluation.precision),
        subject=watched.subject,
        n=len(evaluation.results),
        voice=evaluation.voice,
        version=evaluation.version,
        digest=digest,
        speaker=", ".join(evaluation.speakers),
        style=evaluation.style,
        precision=evaluation.precision,
        machine=machine(),
        tingshuo=__version__,
    )
    readings = readings_of(evaluation.figures)

    def judged(earlier: Sequence[Round]) -> Sequence[Judged]:
        return judge(readings, [one.readings for one in earlier], bands)

    return history.record(origin, judged, fresh=fresh)


def digest_of(bundle: Path) -> str:
    """Return the SHA-256 of a bundle's manifest, which holds the hashes of all its files.

    Raises
    ------
    BundleError
        There is no manifest that can be read.
    """
    try:
        return hashlib.sha256((bundle / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise BundleError(f"{bundle / MANIFEST}: cannot be read: {error.strerror}") from error


def machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return what this machine is: its architecture, and the processor or board where the system tells.

    Not its name: containers get another one at every start.
    """
    try:
        pairs = [line.partition(":")[::2] for line in cpuinfo.read_text("utf-8", "replace").splitlines()]
    except OSError:
        pairs = []
    known = {key.strip(): value.strip() for key, value in pairs}
    model = known.get("model name") or known.get("Model") or known.get("Hardware")
    return ", ".join(filter(None, (platform.machine(), model)))


def _identity(row: Utterance) -> list[object]:
    """What makes a row the same as in another round, wherever its file lies by then."""
    path = Path(row.audio)
    size = path.stat().st_size if path.is_file() else 0
    return [row.id, row.text, row.pinyin, row.speaker, path.name, size, row.start_samples, row.n_samples]
