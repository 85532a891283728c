"""A voice of RVC or Applio as a draft of a bundle: its net, and the content vectors of its speaker where there are some."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config import FrameConfig, PersonConfig
from tingshuo.config.family import ONE_STYLE
from tingshuo.config.rvc import ContentConfig, RvcBundleConfig
from tingshuo.errors import PortError
from tingshuo.models.rvc.graphs import decoder_context_frames
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import sizes
from tingshuo.port.importers.faiss_index import read_index
from tingshuo.port.importers.keys import KeyReport
from tingshuo.port.importers.rvc import RvcVoice, fuse, read_rvc
from tingshuo.store.manifest import Attribution

WORK = Attribution(
    work="Retrieval-based Voice Conversion",
    author="RVC-Project",
    licence="MIT",
    url="https://github.com/RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
    used_for="layout of the net; the weights are those that were imported",
)
LAYERS = {"v1": (9, True), "v2": (12, False)}
"""Version to the layer of the content encoder and whether its last projection comes after."""
NO_ENCODER = (
    "turning a recording into this voice needs the content encoder {encoder}, which is neither in this bundle nor in Tingshuo; "
    "what the bundle takes is content vectors and F0, {per_s} a second"
)


def draft(path: Path, voice: str | None = None) -> Draft:
    """Read a voice.

    Parameters
    ----------
    path : Path
        The ``.pth`` file, a ``G_*.pth``, or a folder with one of them; the index is looked for beside it.
    voice : str or None
        There is one in a file.

    Raises
    ------
    PortError
        There is no voice, a file is damaged or of another kind, or a voice was asked for.
    """
    if voice is not None:
        raise PortError(f"{path}: holds one voice; to choose among files, give the path of one")
    return _draft(read_rvc(path))


def fused(first: Path, second: Path, share: float = 0.5) -> Draft:
    """Read two voices and mix them tensor by tensor; there is no index of somebody who never spoke.

    Parameters
    ----------
    first, second : Path
        As for `draft`; of voices with the same sizes.
    share : float
        Of the first, 0..1.

    Raises
    ------
    RequestError
        The share is outside its range.
    PortError
        One cannot be read, or they differ in more than their numbers.
    """
    return _draft(fuse(first, second, share))


def _draft(voice: RvcVoice) -> Draft:
    parts = {"voice": Part(voice.tensors, voice.report)}
    vectors = None if voice.index is None else read_index(voice.index, voice.config.content_dim).vectors
    if vectors is not None:
        parts["index"] = Part({"vectors": _smallest(vectors)}, KeyReport(1, ()))
    config = _config(voice, 0 if vectors is None else len(vectors))
    said = voice.facts.get("info")
    return Draft(
        name=voice.name,
        task="conversion",
        config=config,
        parts=parts,
        system="rvc",
        source=f"the RVC voice {' and '.join(file.name for file in voice.files)}{f' ({said})' if said else ''}",
        languages=("und",),
        licence=voice.licence,
        attributions=(WORK,),
        notes=_notes(voice, config),
    )


def _config(voice: RvcVoice, indexed: int) -> RvcBundleConfig:
    layer, projected = LAYERS[voice.version]
    dim = voice.config.content_dim
    return RvcBundleConfig(
        family="rvc",
        speakers=_people(voice),
        styles=ONE_STYLE,
        frames=FrameConfig(voice.config.sample_rate, voice.config.hop_length),
        content=ContentConfig(encoder=voice.embedder, layer=layer, projected=projected, dim=dim),
        pitched=voice.config.pitched,
        latent=voice.config.latent,
        indexed=indexed,
        flow_context_frames=voice.config.flow_context_frames,
        decoder_context_frames=decoder_context_frames(voice.config),
        architecture=sizes("rvc", voice.config),
    )


def _people(voice: RvcVoice) -> tuple[PersonConfig, ...]:
    """Name the rows of the speaker table that were trained: Applio counts them, of RVC it is the first."""
    counted = voice.facts.get("speakers_id", 1)
    trained = min(max(counted, 1), voice.config.speakers) if isinstance(counted, int) else 1
    names = (voice.name, *(f"{voice.name}-{row}" for row in range(1, trained)))
    return tuple(PersonConfig(name, "unspecified") for name in names)


def _smallest(vectors: NDArray[np.float32]) -> NDArray[Any]:
    """Return vectors in half precision where that loses nothing: as a rule they were computed in it."""
    with np.errstate(over="ignore"):
        halves = vectors.astype(np.float16)
    return halves if np.array_equal(halves.astype(np.float32), vectors) else vectors


def _notes(voice: RvcVoice, config: RvcBundleConfig) -> tuple[str, ...]:
    said = [*voice.remarks]
    if config.indexed:
        assert voice.index is not None
        said.append(f"content vectors of its speaker: {config.indexed}, of {voice.index.name}")
    elif len(voice.files) > 1:
        said.append("a mixture has no index of content vectors: nobody spoke with it")
    else:
        said.append("there is no index of content vectors beside it (added_*.index): it will keep more of whoever speaks")
    if voice.config.speakers > len(config.speakers):
        said.append(
            f"its table has {voice.config.speakers} speakers; {len(config.speakers)} of them can be chosen, as the others are "
            "rows that a training of one person leaves as they were"
        )
    said.append(NO_ENCODER.format(encoder=_encoder_said(config.content), per_s=config.sample_rate // config.frames.hop_length))
    return tuple(said)


def _encoder_said(content: ContentConfig) -> str:
    after = " and its projection" if content.projected else ""
    return f"{content.encoder} (layer {content.layer}{after}, {content.dim} features, {content.sample_rate} Hz)"
