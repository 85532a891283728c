"""What of a run is its state: all that a training needs to go on, but for the recordings, which stay where they are.

That is the settings, the rows that taught, what was left out and why, and of each stage its log and the last and best
checkpoints (weights, average, moments of the optimizers, step; random choices follow from seed and step). Features are computed
again from the recordings; samples, pages and TensorBoard's files show the recordings themselves, and stay out.
"""

import os
from pathlib import Path

from tingshuo.data.utterance import read_manifest
from tingshuo.errors import RegistryError, TrainError
from tingshuo.store.registry import Record, Registry
from tingshuo.store.states import STATE, Source, lay_out
from tingshuo.train.checkpoint import BEST, LAST, TENSORS
from tingshuo.train.checkpoint import STATE as CHECKPOINT
from tingshuo.train.config import CONFIG_FILE
from tingshuo.train.loop import CHECKPOINTS, LOG
from tingshuo.train.run_folder import MANIFEST, SKIPPED, VOICE, begun


def state_of(run: Path) -> Source:
    """Return the files and links that are the state of a run; `tingshuo.train.run_folder.claimed` keeps them as they are.

    Raises
    ------
    TrainError
        The folder holds no training that could go on.
    """
    stages = begun(run)
    if not stages or not all((run / name).is_file() for name in (CONFIG_FILE, MANIFEST)):
        raise TrainError(f"{run}: holds no training that could go on; name the folder that tingshuo train -o made")
    names = [name for name in (CONFIG_FILE, MANIFEST, SKIPPED, VOICE) if (run / name).is_file()]
    links: dict[str, str] = {}
    for stage in stages:
        names += [f"{stage}/{LOG}"] if (run / stage / LOG).is_file() else []
        for link in (LAST, BEST):
            place = f"{stage}/{CHECKPOINTS}/{link}"
            if (run / place).is_symlink():
                links[place] = os.readlink(run / place)
                names += [f"{stage}/{CHECKPOINTS}/{links[place]}/{file}" for file in (TENSORS, CHECKPOINT)]
    return Source({name: run / name for name in dict.fromkeys(names)}, links)


def resume_from(registry: Registry, reference: str, run: Path) -> Record:
    """Lay the state that was kept with a version into a new run folder, where `resume` goes on from it.

    Raises
    ------
    RegistryError
        There is no such version, or no state was kept with it.
    BundleError
        The state is damaged.
    OutputError
        The folder is not empty, has no room, or cannot be written.
    """
    record = registry.find(reference)
    listing = registry.state(record)
    if listing is None:
        having = [one.version for one in registry.history(record.name) if registry.state(one) is not None]
        known = f"versions with one: {', '.join(having)}" if having else "tingshuo save RUN --state keeps it"
        raise RegistryError(f"{record.label} was saved without the state of its training, so nothing can go on from it; {known}")
    lay_out(registry.folder_of(record.name, record.version) / STATE, listing, run)
    return record


def check_recordings(run: Path) -> None:
    """Refuse to go on where recordings that the features are computed from are gone.

    Raises
    ------
    TrainError
        Names the first that is missing.
    """
    files = list(dict.fromkeys(row.audio for row in read_manifest(run / MANIFEST)))
    missing = [path for path in files if not Path(path).is_file()]
    if missing:
        raise TrainError(
            f"{missing[0]}: is missing, one of {len(missing)} of {len(files)} recordings; the state of a training names them and"
            f" does not hold them: put them where they were, then go on with -o {run} --resume"
        )
