"""A voice of EmotiVoice: the checkpoint ``g_…`` with what lies around it in its own folders.

Any of these may be given::

    EmotiVoice/                                      the project with its model files
      outputs/prompt_tts_open_source_joint/ckpt/     g_00140000 (and do_00140000, which is of training)
      outputs/style_encoder/ckpt/checkpoint_163431   SimBERT, trained further
      WangZeJun/simbert-base-chinese/                its words and sizes, a folder of transformers
      config/joint/config.yaml                       sizes
      data/youdao/text/{tokenlist,speaker2,emotion}  names, one a line; the line is the id, from 0
      exp/NAME/{ckpt/g_…,info/{tokenlist,speaker,emotion}}   a voice that was trained further

``config.py`` beside them is program text: it is neither run nor needed. Layout:
https://github.com/netease-youdao/EmotiVoice (Apache-2.0, Youdao).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from tingshuo.errors import PortError
from tingshuo.models.emotivoice.config import EmotiVoiceConfig
from tingshuo.models.emotivoice.net import EmotiVoice
from tingshuo.models.hifigan.config import HiFiGanConfig
from tingshuo.models.hifigan.net import HiFiGan
from tingshuo.port.filling import filled
from tingshuo.port.foreign.checkpoint import open_checkpoint, tensors_of
from tingshuo.port.importers.attention import join_attention
from tingshuo.port.importers.bert import ForeignBert, read_bert
from tingshuo.port.importers.emotivoice_config import PUBLISHED, Sizes, read_config
from tingshuo.port.importers.emotivoice_files import VoiceFiles, find_prompt, find_voice, read_names
from tingshuo.port.importers.keys import Fitted, KeyReport, Rule, fit, fold_weight_norm, rename, shapes_of

UNUSED = ("am.alignment_module.",)
"""Begins of names that only training needs."""
STYLE_UNUSED = ("pitch_clf.", "speed_clf.", "energy_clf.", "emotion_clf.", "style_embed_proj.")
"""What SimBERT was trained further with; the acoustic model reads the pooled vector alone."""
ACOUSTIC, VOCODER = "acoustic.", "vocoder."

_STACK, _KIND = r"am\.(encoder|decoder)", r"(weight|bias)"
_LAYER = rf"{_STACK}\.encoders\.(\d+)"
_PREDICTOR = r"am\.(duration|pitch|energy)_predictor"
RULES: tuple[Rule, ...] = (
    (rf"{_STACK}\.embed\.0\.alpha", r"acoustic.\1.position_scale"),
    (rf"{_LAYER}\.self_attn\.linear_q\.{_KIND}", r"acoustic.\1.blocks.\2.attention.query.\3"),
    (rf"{_LAYER}\.self_attn\.linear_k\.{_KIND}", r"acoustic.\1.blocks.\2.attention.key.\3"),
    (rf"{_LAYER}\.self_attn\.linear_v\.{_KIND}", r"acoustic.\1.blocks.\2.attention.value.\3"),
    (rf"{_LAYER}\.self_attn\.linear_out\.{_KIND}", r"acoustic.\1.blocks.\2.attention.out.\3"),
    (rf"{_LAYER}\.feed_forward\.w_1\.{_KIND}", r"acoustic.\1.blocks.\2.conv_in.\3"),
    (rf"{_LAYER}\.feed_forward\.w_2\.{_KIND}", r"acoustic.\1.blocks.\2.conv_out.\3"),
    (rf"{_LAYER}\.norm1\.{_KIND}", r"acoustic.\1.blocks.\2.attention_norm.\3"),
    (rf"{_LAYER}\.norm2\.{_KIND}", r"acoustic.\1.blocks.\2.conv_norm.\3"),
    (rf"{_STACK}\.after_norm\.{_KIND}", r"acoustic.\1.norm.\2"),
    (rf"{_PREDICTOR}\.conv\.(\d+)\.0\.{_KIND}", r"acoustic.\1.convs.\2.\3"),
    (rf"{_PREDICTOR}\.conv\.(\d+)\.2\.{_KIND}", r"acoustic.\1.norms.\2.\3"),
    (rf"{_PREDICTOR}\.linear\.{_KIND}", r"acoustic.\1.out.\2"),
    (rf"am\.(pitch|energy)_embed\.0\.{_KIND}", r"acoustic.\1_embedding.\2"),
    (r"am\.src_word_emb\.weight", "acoustic.token.weight"),
    (r"am\.spk_tokenizer\.weight", "acoustic.speaker.weight"),
    (rf"am\.embed_projection1\.{_KIND}", r"acoustic.projection.\1"),
    (rf"am\.to_mel\.{_KIND}", r"acoustic.latent.\1"),
    (r"generator\.(.+)", r"vocoder.\1"),
)


@dataclass(frozen=True, slots=True)
class ForeignEmotiVoice:
    """A voice that has been read.

    ``tokens``, ``speakers`` and ``emotions`` are names by their ids; emotions are words to prompt with, any others will do too.
    ``notes`` are sentences about what was found, for the one who imports.
    """

    config: EmotiVoiceConfig
    vocoder_config: HiFiGanConfig
    acoustic: Fitted
    vocoder: Fitted
    sample_rate: int
    tokens: tuple[str, ...]
    speakers: tuple[str, ...]
    emotions: tuple[str, ...]
    checkpoint: Path
    licence: str | None
    """Of the licence that lies with it: its name in SPDX where it is known, else its first line; None where there is none."""
    notes: tuple[str, ...]

    def nets(self) -> tuple[EmotiVoice, HiFiGan]:
        """Return acoustic model and vocoder with these weights, in evaluation mode."""
        with torch.device("meta"):
            acoustic, vocoder = EmotiVoice(self.config), HiFiGan(self.vocoder_config)
        return filled(acoustic, self.acoustic.tensors), filled(vocoder, self.vocoder.tensors)


def read_emotivoice(path: Path) -> ForeignEmotiVoice:
    """Read a voice: what is in its checkpoint, under our names, and what lies around it.

    Parameters
    ----------
    path : Path
        A folder of the project or of a voice in it, or a checkpoint.

    Raises
    ------
    PortError
        A file is missing or another one, or checkpoint, configuration and lists do not fit each other.
    """
    files = find_voice(path)
    tokens, speakers = read_names(files.tokens), read_names(files.speakers)
    sizes = read_config(files.config) if files.config else PUBLISHED
    notes = files.notes
    if files.config is None:
        notes = (*notes, "there is no config.yaml near the checkpoint, so the sizes are taken to be the published ones")
    sizes = sizes._replace(acoustic=sizes.acoustic.replace(tokens=len(tokens), speakers=len(speakers)))
    acoustic, vocoder = _fit(files, _tensors(files.checkpoint), sizes)
    return ForeignEmotiVoice(
        sizes.acoustic,
        sizes.vocoder,
        acoustic,
        vocoder,
        sizes.sample_rate,
        tokens,
        speakers,
        read_names(files.emotions) if files.emotions else (),
        files.checkpoint,
        _licence(files.licence) if files.licence else None,
        notes,
    )


def read_prompt_encoder(path: Path) -> ForeignBert:
    """Read SimBERT with the weights that the voice was trained with, from any path that `read_emotivoice` takes.

    Raises
    ------
    PortError
        A file is missing or another one, or they do not fit each other.
    """
    files = find_prompt(path)
    return read_bert(files.words, files.weights, STYLE_UNUSED)


def _tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The generator of a checkpoint, weight norm folded."""
    with open_checkpoint(path) as checkpoint:
        value = checkpoint.value
        generator = value.get("generator") if isinstance(value, Mapping) else None
        if not isinstance(generator, Mapping):
            raise PortError(f"{path}: {_what_it_is(value)}; give the g_… file of the voice")
        if not any(name.startswith("am.") for name in generator):
            raise PortError(f"{path}: is a vocoder alone, without an acoustic model; give the g_… file of the voice")
        try:
            return fold_weight_norm(tensors_of(generator))
        except PortError as error:
            raise PortError(f"{path}: {error}") from error


def _what_it_is(value: Any) -> str:
    """Say which wrong file this is."""
    keys = set(value) if isinstance(value, Mapping) else set()
    if keys & {"discriminator", "optim_g", "optim_d", "mpd", "msd"}:
        return "holds the discriminator and the optimizers, which only training needs (a do_… file)"
    if any("style_embed_proj" in name for name in tensors_of(value)):
        return "is the style encoder, which turns words into a prompt"
    return "is no checkpoint of EmotiVoice: it has no 'generator' in it"


def _fit(files: VoiceFiles, given: Mapping[str, NDArray[Any]], sizes: Sizes) -> tuple[Fitted, Fitted]:
    """Give every tensor its place in one of the two nets."""
    for name, path, what, n in (
        ("am.src_word_emb.weight", files.tokens, "tokens", sizes.acoustic.tokens),
        ("am.spk_tokenizer.weight", files.speakers, "speakers", sizes.acoustic.speakers),
    ):
        if name in given and len(given[name]) != n:
            raise PortError(f"{files.checkpoint}: knows {len(given[name])} {what}, but {path} lists {n}; they are of two voices")
    with torch.device("meta"):
        shapes = {f"{ACOUSTIC}{name}": shape for name, shape in shapes_of(EmotiVoice(sizes.acoustic).state_dict()).items()}
        shapes |= {f"{VOCODER}{name}": shape for name, shape in shapes_of(HiFiGan(sizes.vocoder).state_dict()).items()}
    try:
        fitted = fit(_numbers(join_attention(rename(given, RULES))), shapes, UNUSED)
    except PortError as error:
        raise PortError(f"{files.checkpoint}: {error}") from error
    return _part(fitted, ACOUSTIC, fitted.report.left_out), _part(fitted, VOCODER, ())


def _numbers(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Make lists of the scales of positions, each one number: a graph's tensors have an axis at least."""
    return {
        name: tensor.reshape(1) if name.endswith(".position_scale") and tensor.size == 1 else tensor
        for name, tensor in tensors.items()
    }


def _part(fitted: Fitted, prefix: str, left_out: tuple[str, ...]) -> Fitted:
    tensors = {name.removeprefix(prefix): tensor for name, tensor in fitted.tensors.items() if name.startswith(prefix)}
    return Fitted(tensors, KeyReport(len(tensors), left_out))


def _licence(path: Path) -> str:
    lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip()]
    if lines[:1] == ["Apache License"]:
        return "Apache-2.0"
    return lines[0] if lines else "an empty file"
