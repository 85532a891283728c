"""A HiFi-GAN in the layout of its authors as a draft of a bundle."""

from pathlib import Path

from tingshuo.models.hifigan.config import PRESETS
from tingshuo.port.convert.vocoder import refuse_choice, vocoder_draft
from tingshuo.port.draft import Draft
from tingshuo.port.importers.hifigan import ForeignVocoder, read_hifigan
from tingshuo.port.importers.licences import licence_beside
from tingshuo.store.manifest import Attribution

WORK = Attribution(
    work="HiFi-GAN",
    author="Jungil Kong, Jaehyeon Kim, Jaekyoung Bae",
    licence="MIT",
    url="https://github.com/jik876/hifi-gan",
    used_for="layout of the net; the weights are those that were imported",
)


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a vocoder.

    Parameters
    ----------
    path : Path
        A generator, or the folder in which it lies with its config.json.
    voice : str or None
        There is none.

    Raises
    ------
    PortError
        A file is missing or another one, or they do not fit each other; or a voice was asked for.
    """
    refuse_choice(path, voice)
    read = read_hifigan(path)
    return vocoder_draft(
        name=read.name,
        system="hifigan",
        sizes=read.config,
        mel=read.mel,
        fitted=read.fitted,
        checkpoint=read.checkpoint,
        licence=licence_beside([read.checkpoint.parent]),
        work=WORK,
        notes=_notes(read),
    )


def _notes(read: ForeignVocoder) -> tuple[str, ...]:
    known = {name: size.replace(mels=read.config.mels) for name, size in PRESETS.items() if name != "light"}
    kind = next((f"the {name.upper()} of the paper" for name, size in known.items() if size == read.config), "of its own")
    mel = read.mel
    return (
        f"its sizes are {kind}: {mel.n_mels} mel bands at {mel.sample_rate} Hz, frames of {mel.hop_length} samples",
        "how its mels were computed is read from config.json and from HiFi-GAN's own program; a project that uses the same "
        "layout with other mels cannot be told apart",
    )
