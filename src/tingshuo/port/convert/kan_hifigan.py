"""The vocoder of a KAN-TTS or ModelScope voice, alone, as a draft of a bundle: to be put under another Sambert voice.

Its mel is in decibels from 0 to 1. What it makes of a frame lies after the frame's centre, as KAN-TTS trains it, and not around
it: driven for itself it sounds half a frame early, under a Sambert voice it lies where it should. One with a harmonic source
reads more than a mel, and comes with its voice alone.
"""

import re
from pathlib import Path

from tingshuo.config import MelConfig
from tingshuo.errors import PortError
from tingshuo.port.convert.vocoder import refuse_choice, vocoder_draft
from tingshuo.port.draft import Draft
from tingshuo.port.importers.keys import Fitted
from tingshuo.port.importers.licences import licence_beside
from tingshuo.port.importers.sambert import read_vocoder
from tingshuo.port.importers.sambert_files import Part, read_yaml
from tingshuo.port.importers.sambert_settings import AudioSettings, audio_settings
from tingshuo.store.manifest import Attribution

WORK = Attribution(
    work="KAN-TTS",
    author="Alibaba Research",
    licence="MIT",
    url="https://github.com/alibaba-damo-academy/KAN-TTS",
    used_for="layout of the net; the weights are those that were imported",
)
_CHECKPOINT = re.compile(r"checkpoint_(\d+)\.pth")
_PLACES = (".", "voc", "tmp_voc", "hifigan")


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a vocoder.

    Parameters
    ----------
    path : Path
        The folder ``voc`` of a voice, the voice's folder, or ``checkpoint_N.pth``.
    voice : str or None
        There is none.

    Raises
    ------
    PortError
        A file is missing or another one, or it has a harmonic source; or a voice was asked for.
    """
    refuse_choice(path, voice)
    part = find_part(path)
    read = read_vocoder(part)
    if read.config.harmonics:
        raise PortError(
            f"{part.folder}: this vocoder has a harmonic source, which reads F0 and voicing as its own acoustic model makes "
            "them; import the whole voice"
        )
    owner = part.folder.resolve().parent
    return vocoder_draft(
        name=f"{owner.name}-voc",
        system="kan_hifigan",
        sizes=read.config,
        mel=mel_of(audio_settings(owner, part)),
        fitted=Fitted(read.tensors, read.report),
        checkpoint=part.checkpoint,
        licence=licence_beside([owner, owner.parent, owner.parent.parent]),
        work=WORK,
    )


def mel_of(audio: AudioSettings) -> MelConfig:
    """Return the settings of a KAN-TTS voice as a convention.

    Source: the audio processor of KAN-TTS (``kantts/preprocess/audio_processor``, MIT): librosa's filters on magnitudes, 20 log10
    of at least ``min_level_db``, less ``ref_level_db``, from ``min_level_db`` to 0 made 0 to 1, clipped.
    """
    return MelConfig(
        sample_rate=audio.sample_rate,
        n_fft=audio.n_fft,
        hop_length=audio.hop_length,
        win_length=audio.win_length,
        n_mels=audio.n_mels,
        fmin=audio.fmin,
        fmax=audio.fmax,
        floor=10 ** (audio.min_level_db / 20),
        scale="slaney",
        norm="slaney",
        levels_db=(audio.min_level_db + audio.ref_level_db, audio.ref_level_db),
    )


def find_part(path: Path) -> Part:
    """Find the files of a vocoder.

    Raises
    ------
    PortError
        There is no checkpoint_N.pth.
    """
    if path.is_file():
        folder = path.resolve().parent.parent
        return Part(folder, path, read_yaml(folder / "config.yaml"))
    for place in _PLACES:
        numbered = {
            int(found[1]): one
            for one in (path / place / "ckpt").glob("checkpoint_*.pth")
            if (found := _CHECKPOINT.fullmatch(one.name))
        }
        if numbered:
            folder = (path / place).resolve()
            return Part(folder, numbered[max(numbered)], read_yaml(folder / "config.yaml"))
    raise PortError(f"{path}: has no vocoder of KAN-TTS, ckpt/checkpoint_N.pth in it or in its folder voc")
