"""Voices of KAN-TTS and of ModelScope's Sambert-HifiGan, read into our own nets.

::

    for files in find_voices(Path("speech_sambert-hifigan_tts_zh-cn_16k")):
        voice = read_voice(files)
        net = voice.acoustic.fill(Sambert(voice.acoustic.config))

Beside this module, ``sambert_files`` knows where the files lie, ``sambert_settings`` what their settings mean and
``sambert_names`` what their tensors are called here. Nothing of a file is run. Source: KAN-TTS (MIT) and the loader of
ModelScope (Apache-2.0).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tingshuo.config import StrictModel
from tingshuo.errors import PortError
from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.models.kan_hifigan.net import KanHiFiGan
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.models.sambert.encoder import sentence_positions
from tingshuo.models.sambert.net import Sambert
from tingshuo.port.filling import filled
from tingshuo.port.foreign.checkpoint import ForeignTensor, open_checkpoint, tensors_of
from tingshuo.port.importers.keys import KeyReport, fit, fold_weight_norm, rename, shapes_of
from tingshuo.port.importers.sambert_files import Part, VoiceFiles
from tingshuo.port.importers.sambert_names import acoustic_rules, vocoder_rules
from tingshuo.port.importers.sambert_settings import (
    AudioSettings,
    F0Scale,
    acoustic_config,
    audio_settings,
    f0_range,
    vocoder_config,
)
from tingshuo.text.foreign.sambert import Vocabulary

C = TypeVar("C", bound=StrictModel)
N = TypeVar("N", bound=nn.Module)

LANGUAGE = "PinYin"
"""What KAN-TTS calls Mandarin with English words."""
_POSITIONS = "text_encoder.ling_enc.position_enc.position_enc"
_TIMESCALES = "variance_adaptor.dur_position_encoder.inv_timescales"
_TABLE_ERROR = 1e-4
_TRAINING_ONLY = ("align_attention.",)
"""Begins of names that only training needs: the aligner of a model that learnt durations by itself (MAS)."""


@dataclass(frozen=True, slots=True)
class Imported(Generic[C]):
    """A net's config, tensors by our names, and how they went over."""

    config: C
    tensors: dict[str, NDArray[Any]]
    report: KeyReport
    steps: int | None
    """Steps that it was trained for."""

    def fill(self, net: N) -> N:
        """Put the tensors into a net of the config; returns the net, ready to run."""
        return filled(net, self.tensors)


@dataclass(frozen=True, slots=True)
class SambertVoice:
    """A voice as it was read."""

    name: str
    acoustic: Imported[SambertConfig]
    vocoder: Imported[KanHiFiGanConfig]
    audio: AudioSettings
    vocabulary: Vocabulary
    reads_bytes: bool
    """Whether the voice reads the bytes of a text instead of symbols."""
    speaker_vector: NDArray[np.float32] | None
    """(speaker_dim,) where the speaker is a vector, ``se.npy``."""
    f0: F0Scale | None
    """Where the vocoder has a source."""
    licence: str | None
    """What the model card says; None where there is none."""


def read_voice(files: VoiceFiles) -> SambertVoice:
    """Read a voice.

    Raises
    ------
    PortError
        A file is missing, damaged, of another net or of a kind that is not supported, a tensor has no place, or the parts do not
        fit each other; the message names the file.
    """
    language = _linguistic(files.acoustic).get("language", LANGUAGE)
    if language != LANGUAGE:
        raise PortError(f"{files.acoustic.folder}: is of a voice for {language}, which is not supported; {LANGUAGE} is")
    acoustic, vocoder = read_acoustic(files.acoustic), read_vocoder(files.vocoder)
    audio = audio_settings(files.folder, files.acoustic)
    theirs = audio_settings(files.folder, files.vocoder)
    if (audio.sample_rate, audio.hop_length) != (theirs.sample_rate, theirs.hop_length):
        raise PortError(
            f"{files.folder}: the acoustic model is for {audio.sample_rate} Hz and frames of {audio.hop_length} samples, the "
            f"vocoder for {theirs.sample_rate} Hz and {theirs.hop_length} samples; they are not of one voice"
        )
    if audio.hop_length != vocoder.config.hop_length:
        raise PortError(f"{files.folder}: a frame is {audio.hop_length} samples, the vocoder makes {vocoder.config.hop_length}")
    wanted = vocoder.config.mels + (2 if vocoder.config.harmonics else 0)
    if acoustic.config.mels != wanted:
        raise PortError(f"{files.folder}: the acoustic model makes {acoustic.config.mels} columns, the vocoder wants {wanted}")
    return SambertVoice(
        files.name,
        acoustic,
        vocoder,
        audio,
        _vocabulary(files.acoustic, acoustic.config),
        len(acoustic.config.tables) == 1,
        None if acoustic.config.speakers else _speaker_vector(files, acoustic.config.speaker_dim),
        _f0_scale(files) if vocoder.config.harmonics else None,
        _licence(files.folder),
    )


def read_acoustic(part: Part) -> Imported[SambertConfig]:
    """Read an acoustic model; errors as of `read_voice`."""
    with _opened(part, _acoustic_state) as (given, left_out, steps):
        config = acoustic_config(part, {name: tensor.shape for name, tensor in given.items()})
        tables = {name: given.pop(name) for name in (_POSITIONS, _TIMESCALES) if name in given}
        _check_tables(part, {name: tensor.read() for name, tensor in tables.items()}, config)
        tensors = rename(fold_weight_norm(given), acoustic_rules(config))
        return _fit(part, config, Sambert, tensors, (*left_out, *tables), steps)


def read_vocoder(part: Part) -> Imported[KanHiFiGanConfig]:
    """Read a vocoder; errors as of `read_voice`."""
    config = vocoder_config(part)
    with _opened(part, _vocoder_state) as (given, left_out, steps):
        return _fit(part, config, KanHiFiGan, rename(fold_weight_norm(given), vocoder_rules(config)), left_out, steps)


@contextmanager
def _opened(
    part: Part, choose: Callable[[Part, Mapping[str, Any]], Mapping[str, Any]]
) -> Iterator[tuple[dict[str, ForeignTensor], tuple[str, ...], int | None]]:
    """Open a checkpoint: the tensors that ``choose`` takes from its model, names of what else it holds, its steps."""
    with open_checkpoint(part.checkpoint) as checkpoint:
        value = checkpoint.value
        model = value.get("model") if isinstance(value, Mapping) else None
        if not isinstance(model, Mapping):
            held = ", ".join(map(str, list(value)[:3])) if isinstance(value, Mapping) else type(value).__name__
            raise PortError(f"{part.checkpoint}: has no model, only {held or 'nothing'}; training wrote another file beside it")
        chosen = choose(part, model)
        others = [f"model.{name}" for name in model if model is not chosen and model[name] is not chosen]
        left_out = (*(name for name in value if name not in ("model", "steps")), *others)
        steps = value.get("steps")
        yield tensors_of(chosen), left_out, steps if isinstance(steps, int) else None


def _acoustic_state(part: Part, model: Mapping[str, Any]) -> Mapping[str, Any]:
    if "generator" in model or "discriminator" in model:
        raise PortError(f"{part.checkpoint}: is of a vocoder, and the acoustic model's is wanted in {part.folder.name}")
    return model


def _vocoder_state(part: Part, model: Mapping[str, Any]) -> Mapping[str, Any]:
    generator = model.get("generator")
    if not isinstance(generator, Mapping):
        what = "a discriminator alone" if "discriminator" in model else "an acoustic model"
        raise PortError(
            f"{part.checkpoint}: has no generator, it is of {what}, and the vocoder's is wanted in {part.folder.name}"
        )
    return generator


def _fit(
    part: Part,
    config: C,
    kind: Callable[[C], nn.Module],
    tensors: dict[str, NDArray[Any]],
    left_out: tuple[str, ...],
    steps: int | None,
) -> Imported[C]:
    shapes = shapes_of(kind(config).state_dict())
    try:
        fitted = fit(_pointwise(tensors, shapes), shapes, unused=_TRAINING_ONLY)
    except PortError as error:
        raise PortError(
            f"{part.checkpoint}: {error}; is {part.folder / 'config.yaml'} the one that it was trained with?"
        ) from error
    return Imported(config, fitted.tensors, KeyReport(fitted.report.n_used, (*left_out, *fitted.report.left_out)), steps)


def _pointwise(tensors: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """Convolutions of one tap are linear layers here."""
    return {
        name: tensor[..., 0] if tensor.shape[2:] == (1,) and len(shapes.get(name, ())) == 2 else tensor
        for name, tensor in tensors.items()
    }


def _check_tables(part: Part, tables: Mapping[str, NDArray[Any]], config: SambertConfig) -> None:
    """Refuse position tables that are not those which our net computes: training leaves them alone, so they never differ."""
    places = torch.arange(tables[_POSITIONS].shape[-2] if _POSITIONS in tables else 0, dtype=torch.float64)
    column = np.arange(config.text_dim)
    computed = {
        _POSITIONS: sentence_positions(places, config.embedding).numpy()[None],
        _TIMESCALES: 10000.0 ** (2 * (column // 2) / config.text_dim),
    }
    for name, table in tables.items():
        if table.shape != computed[name].shape or not np.allclose(table, computed[name], rtol=_TABLE_ERROR, atol=_TABLE_ERROR):
            raise PortError(
                f"{part.checkpoint}: {name} is not what KAN-TTS makes it, so this is a changed net that is not supported"
            )


def _linguistic(part: Part) -> Mapping[str, Any]:
    unit = part.config.get("linguistic_unit")
    if not isinstance(unit, Mapping) or not isinstance(unit.get("speaker_list"), str):
        raise PortError(
            f"{part.folder / 'config.yaml'}: has no linguistic_unit with a speaker_list, so its speakers are not known"
        )
    return unit


def _vocabulary(part: Part, config: SambertConfig) -> Vocabulary:
    """Return the tables that fit the rows of the net, with or without the mask in their last row."""
    speakers = tuple(name.strip() for name in _linguistic(part)["speaker_list"].split(","))
    for has_mask in (True, False):
        vocabulary = Vocabulary(speakers, has_mask)
        rows = {name: len(table) for name, table in vocabulary.tables.items()}
        symbols = ("byte_index",) if len(config.tables) == 1 else ("sy", "tone", "syllable_flag", "word_segment")
        wanted = (*(rows[name] for name in symbols), rows["emotion"], rows["speaker"] if config.speakers else 0)
        if wanted == (*config.tables, config.emotions, config.speakers):
            return vocabulary
    raise PortError(
        f"{part.checkpoint}: its tables have {', '.join(map(str, config.tables))} symbols, {config.emotions} emotions and "
        f"{config.speakers} speakers, which is not the vocabulary of {LANGUAGE} for the speakers {', '.join(speakers)}"
    )


def _speaker_vector(files: VoiceFiles, dim: int) -> NDArray[np.float32]:
    vector = _array(files, "se.npy", "the vector of its speaker").reshape(-1)
    if vector.shape != (dim,):
        raise PortError(f"{files.folder}: se.npy has {vector.size} numbers, the net wants {dim}")
    return vector


def _f0_scale(files: VoiceFiles) -> F0Scale:
    common = f0_range(files.acoustic)
    if common is not None:
        return common
    mean_std = _array(files, "mvn.npy", "the mean and deviation of its F0").reshape(-1)
    if mean_std.shape != (2,):
        raise PortError(f"{files.folder}: mvn.npy has {mean_std.size} numbers, a mean and a deviation are wanted")
    return F0Scale(float(mean_std[1]), float(mean_std[0]))


def _array(files: VoiceFiles, name: str, what: str) -> NDArray[np.float32]:
    places = (
        files.acoustic.folder / name,
        files.folder / name,
        files.folder / "data" / name,
        files.folder / "data" / "se" / name,
    )
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise PortError(f"{places[0]}: is missing, and the voice needs it: {what}")
    try:
        array: NDArray[np.float32] = np.load(path, allow_pickle=False).astype(np.float32)
    except (OSError, ValueError) as error:
        raise PortError(f"{path}: cannot be read as an array of numbers: {error}") from error
    return array


def _licence(folder: Path) -> str | None:
    """Return the licence that the model card of a download names, in the header of its ``README.md``."""
    for place in (folder, folder.parent, folder.parent.parent):
        card = place / "README.md"
        header = re.match(r"---\n(.*?)\n---", card.read_text("utf-8", "replace"), re.DOTALL) if card.is_file() else None
        found = re.search(r"^license:[ \t]*(\S.*?)[ \t]*$", header[1], re.MULTILINE) if header else None
        if found:
            return found[1]
    return None
