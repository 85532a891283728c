"""When the phones of some recordings are spoken, by an aligner that was taught before: the timing for an evaluation."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tingshuo.config import MelConfig
from tingshuo.data.features import FeatureConfig, Progress, prepare
from tingshuo.data.utterance import Utterance
from tingshuo.tasks.evaluate.forced import Timing
from tingshuo.train.align import align_with
from tingshuo.train.aligner import Aligner


def find_timings(
    aligner: Aligner, rows: Sequence[Utterance], mel: MelConfig, progress: Progress | None = None
) -> dict[str, Timing]:
    """Align rows with what is said in them.

    Parameters
    ----------
    aligner : Aligner
        Of the sample rate of ``mel``.
    rows : sequence of Utterance
        With absolute paths. Those without words, or that cannot be read or aligned, are left out; so are those whose sound does
        not seem to belong to their words.
    mel : MelConfig
        Of the voice: durations are in its hops.
    progress : callable or None
        Told how much of the work is done.

    Returns
    -------
    dict
        By the ids of the rows.

    Raises
    ------
    ConfigError
        The aligner is for another sample rate.
    DataError
        No row can be used.
    TrainError
        No row can be aligned.
    """
    with TemporaryDirectory() as folder:
        features = prepare(rows, FeatureConfig(mel=mel), Path(folder))
        found = align_with(aligner, features, progress)
    return {clip.id: Timing(clip.words, clip.durations) for clip in found.clips if not clip.doubt}
