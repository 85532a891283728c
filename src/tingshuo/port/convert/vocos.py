"""A Vocos in the layout of its author as a draft of a bundle: of mels, or of the codes of EnCodec."""

from pathlib import Path

from tingshuo.config import FrameConfig
from tingshuo.config.codec import CodecBundleConfig
from tingshuo.models.vocos.graphs import vocoder_context_frames
from tingshuo.port.convert.vocoder import NO_LANGUAGE, TASK, refuse_choice, vocoder_draft
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import sizes
from tingshuo.port.importers.licences import licence_beside
from tingshuo.port.importers.vocos import read_vocos
from tingshuo.port.importers.vocos_codes import ForeignCodeVocos, read_code_vocos, reads_codes
from tingshuo.store.manifest import Attribution

WORK = Attribution(
    work="Vocos",
    author="Hubert Siuzdak",
    licence="MIT",
    url="https://github.com/gemelo-ai/vocos",
    used_for="layout of the net; the weights are those that were imported",
)
OF_CODES = "it reads codes of {codec} and no mel: it goes under no acoustic model, and what makes codes is to be had elsewhere"


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
    if reads_codes(path):
        return _decoder(read_code_vocos(path))
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


def _decoder(read: ForeignCodeVocos) -> Draft:
    """Return the draft of a vocoder of codes; there is no mel that an acoustic model could make for it."""
    config = CodecBundleConfig(
        family=f"{CodecBundleConfig.FAMILY}+vocos",
        codec=read.codec,
        frames=FrameConfig(read.sample_rate, read.config.hop_length),
        codebooks=read.config.codebooks,
        codebook_size=read.config.codebook_size,
        bandwidths=read.bandwidths,
        vocoder_context_frames=vocoder_context_frames(read.config),
        architecture=sizes("vocos_codes", read.config),
    )
    return Draft(
        name=read.name,
        task=TASK,
        config=config,
        parts={TASK: Part(read.fitted.tensors, read.fitted.report)},
        system="vocos",
        source=f"the Vocos vocoder {read.checkpoint.name}, of codes of {read.codec}",
        languages=(NO_LANGUAGE,),
        licence=licence_beside([read.checkpoint.parent]),
        attributions=(WORK,),
        notes=(OF_CODES.format(codec=read.codec), "it was not proved against the original, of which there are no numbers here"),
    )
