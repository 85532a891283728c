"""A voice that is being watched: one round from opening it to writing down what was found, or the rounds there have been."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tingshuo.errors import NotFoundError
from tingshuo.store.manifest import read_manifest
from tingshuo.tasks.monitor.bands import Band
from tingshuo.tasks.monitor.history import History, Round, history_path
from tingshuo.tasks.monitor.measure import Progress, Watched, digest_of, evaluate, machine, record
from tingshuo.tasks.voices import find_voice, load, voice_folders
from tingshuo.types import SpeechRequest


@dataclass(frozen=True, slots=True)
class Watch:
    """What is done in every round: the voice as the user named it, what it is watched on, where rounds are kept, the bands.

    Bands that are None are learnt.
    """

    voice: str
    watched: Watched
    history: Path
    bands: Mapping[str, Band] | None = None

    def check(self) -> None:
        """Find out before the first of many rounds what would be wrong in all of them.

        Raises
        ------
        UnknownVoiceError
            There is no such voice, or it has no such speaker or style.
        BundleError
            The bundle is damaged.
        OutputError
            The history cannot be written.
        """
        load(self.voice).prepare(SpeechRequest(text="", style=self.watched.style, speaker=self.watched.speaker))
        History(self.history).close()

    def measure(self, *, fresh: bool = False, progress: Progress | None = None) -> tuple[Sequence[Round], Sequence[str]]:
        """Measure once and keep it.

        The voice is opened anew in each round, so that a bundle which was replaced is what is measured.

        Parameters
        ----------
        fresh : bool
            Begin to learn bands anew with this round.
        progress : callable or None
            Told the share of the work that is done.

        Returns
        -------
        tuple
            The rounds that compare with this one, which is the last of them; and sentences on what could not be measured.
        """
        with History(self.history) as history:
            digest = digest_of(find_voice(self.voice))
            evaluation = evaluate(load(self.voice), self.watched, progress)
            one = record(history, evaluation, self.watched, digest, self.bands, fresh=fresh)
            return history.rounds(one.origin.series, one.origin.machine), evaluation.notes

    def rounds(self) -> Sequence[Round]:
        """Return the rounds of what is watched on this machine, the oldest first.

        Raises
        ------
        NotFoundError
            There is none.
        """
        with History(self.history, new=False) as history:
            found = history.rounds(self.watched.series(load(self.voice).precision), machine())
        if not found:
            raise NotFoundError(f"{self.history}: has no round of these texts on this machine; --once measures one")
        return found


def history_of(voice: str) -> Path:
    """Return where the rounds of a voice are kept: by its name, that of its manifest when it is given by a path.

    Raises
    ------
    UnknownVoiceError
        There is no such voice.
    BundleError
        It has no manifest that can be read.
    """
    folder = find_voice(voice)
    return history_path(folder.name if folder.parent in voice_folders() else read_manifest(folder).name)
