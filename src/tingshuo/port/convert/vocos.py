"""A Vocos in the layout of its author as a draft of a bundle."""

from pathlib import Path

from tingshuo.port.convert.vocoder import refuse_choice, vocoder_draft
from tingshuo.port.draft import Draft
from tingshuo.port.importers.licences import licence_beside
from tingshuo.port.importers.vocos import read_vocos
from tingshuo.store.manifest import Attribution

WORK = Attribution(
    work="Vocos",
    author="Hubert Siuzdak",
    licence="MIT",
    url="https://github.com/gemelo-ai/vocos",
    used_for="layout of the net; the weights are those that were imported",
)


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a vocoder.

    Parameters
    ----------
    path : Path
        A file of weights, or the folder in which it lies with its config.yaml.
    voice : str or None
        There is none.

    Raises
    ------
    PortError
        A file is missing or another one, or they do not fit each other; or a voice was asked for.
    """
    refuse_choice(path, voice)
    read = read_vocos(path)
    return vocoder_draft(
        name=read.name,
        system="vocos",
        sizes=read.config,
        mel=read.mel,
        fitted=read.fitted,
        checkpoint=read.checkpoint,
        licence=licence_beside([read.checkpoint.parent]),
        work=WORK,
        notes=read.notes,
    )
