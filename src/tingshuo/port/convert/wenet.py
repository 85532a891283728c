"""A recogniser of WeNet as a draft of a bundle; it is proved with speech of the built-in voice."""

from pathlib import Path

from tingshuo.config.conformer import ConformerBundleConfig
from tingshuo.errors import PortError
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import sizes
from tingshuo.port.importers.wenet import Recogniser as ForeignRecogniser
from tingshuo.port.importers.wenet import read_recogniser
from tingshuo.port.importers.wenet_files import find_model
from tingshuo.store.manifest import Attribution

TASK = "asr"
WORK = Attribution(
    work="WeNet",
    author="WeNet community",
    licence="Apache-2.0",
    url="https://github.com/wenet-e2e/wenet",
    used_for="layout of the nets; the weights are those that were imported",
)


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a recogniser.

    Parameters
    ----------
    path : Path
        Its folder, or a checkpoint in it.
    voice : str or None
        A recogniser has none.

    Raises
    ------
    PortError
        A file is missing, damaged or of another kind, or a voice was asked for.
    """
    if voice is not None:
        raise PortError(f"{path}: is a recogniser of speech and has no voices")
    files = find_model(path)
    read = read_recogniser(files)
    config = _config(read)
    return Draft(
        name=files.checkpoint.resolve().parent.name,
        task=TASK,
        config=config,
        parts={"recogniser": Part(read.fitted.tensors, read.fitted.report)},
        system="wenet",
        source=f"the WeNet checkpoint {files.checkpoint.name}",
        licence=read.licence,
        attributions=(WORK,),
        notes=(*read.notes, *_notes(read)),
    )


def _config(read: ForeignRecogniser) -> ConformerBundleConfig:
    return ConformerBundleConfig(
        family=ConformerBundleConfig.FAMILY,
        fbank=read.fbank,
        cmvn=read.cmvn,
        units=read.units,
        tokenizer="bpe" if read.tokenizer == "bpe" else "char",
        blank=read.marks.blank,
        sos=read.marks.sos,
        eos=read.marks.eos,
        subsampling=read.config.subsampling,
        context_frames=read.config.context_frames,
        reverse_weight=read.reverse_weight,
        architecture=sizes("conformer", read.config),
    )


def _notes(read: ForeignRecogniser) -> tuple[str, ...]:
    if read.tokenizer == "bpe" and read.pieces is None:
        return ("the model of its word pieces is not beside it; it is needed for hotwords, not for hearing",)
    return ()
