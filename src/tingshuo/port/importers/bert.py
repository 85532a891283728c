"""A BERT as Hugging Face's transformers saves it: ``config.json``, ``model.safetensors`` or ``pytorch_model.bin``, ``vocab.txt``.

What else such a folder holds (weights of other frameworks, heads for tasks) is not needed; heads are left out and listed. Layout:
https://huggingface.co/docs/transformers/model_doc/bert. Older files call the weights of a layer norm ``gamma`` and ``beta``, as
TensorFlow did, and keep the positions 0, 1, 2 ... as a tensor.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from tingshuo.errors import PortError
from tingshuo.models.bert.config import BertConfig
from tingshuo.models.bert.net import Bert
from tingshuo.port.filling import filled
from tingshuo.port.foreign.checkpoint import open_checkpoint, tensors_of
from tingshuo.port.importers.attention import join_attention
from tingshuo.port.importers.keys import Fitted, Rule, fit, fold_weight_norm, rename, shapes_of

CONFIG, VOCABULARY, TOKENIZER = "config.json", "vocab.txt", "tokenizer_config.json"
SAFE, TORCH = "model.safetensors", "pytorch_model.bin"
UNUSED = ("cls.", "position_ids", "lm_head.", "classifier.", "qa_outputs.")
"""Begins of names that a pooled vector does not need: heads of tasks, and positions as a table of themselves."""

_AROUND = re.compile(r"^(?:(?:model|module|state_dict)\.)*(?:bert\.)?")
_LAYER = r"encoder\.layer\.(\d+)"
_NORM = r"LayerNorm\.(weight|bias)"
RULES: tuple[Rule, ...] = (
    (r"embeddings\.position_ids", "position_ids"),
    (r"embeddings\.word_embeddings\.weight", "piece.weight"),
    (r"embeddings\.position_embeddings\.weight", "position.weight"),
    (r"embeddings\.token_type_embeddings\.weight", "segment.weight"),
    (rf"embeddings\.{_NORM}", r"embedding_norm.\1"),
    (rf"{_LAYER}\.attention\.self\.(query|key|value)\.(weight|bias)", r"layers.\1.attention.\2.\3"),
    (rf"{_LAYER}\.attention\.output\.dense\.(weight|bias)", r"layers.\1.attention.out.\2"),
    (rf"{_LAYER}\.attention\.output\.{_NORM}", r"layers.\1.attention_norm.\2"),
    (rf"{_LAYER}\.intermediate\.dense\.(weight|bias)", r"layers.\1.expand.\2"),
    (rf"{_LAYER}\.output\.dense\.(weight|bias)", r"layers.\1.project.\2"),
    (rf"{_LAYER}\.output\.{_NORM}", r"layers.\1.norm.\2"),
    (r"pooler\.dense\.(weight|bias)", r"pooler.\1"),
)


_Read = TypeVar("_Read", bound=msgspec.Struct)


class _Described(msgspec.Struct):
    """What we read of ``config.json``; the rest is of training, or of how it was saved."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int = 2
    hidden_act: str = "gelu"
    layer_norm_eps: float = 1e-12
    model_type: str = "bert"
    position_embedding_type: str = "absolute"
    is_decoder: bool = False


class _Cutting(msgspec.Struct):
    """What we read of ``tokenizer_config.json``."""

    do_lower_case: bool = True
    strip_accents: bool | None = None
    tokenize_chinese_chars: bool = True


@dataclass(frozen=True, slots=True)
class ForeignBert:
    """A BERT that has been read, and how its texts are cut into pieces (`tingshuo.text.foreign.wordpiece`)."""

    config: BertConfig
    fitted: Fitted
    vocabulary: tuple[str, ...]
    lower: bool
    strip_accents: bool | None
    chinese: bool
    weights: Path
    """The file that the tensors are of."""

    def net(self) -> Bert:
        """Return the net with these weights, in evaluation mode."""
        with torch.device("meta"):
            net = Bert(self.config)
        return filled(net, self.fitted.tensors)


def read_bert(folder: Path, weights: Path | None = None, unused: Iterable[str] = ()) -> ForeignBert:
    """Read a folder of transformers.

    Parameters
    ----------
    folder : Path
        With ``config.json``, ``vocab.txt`` and, unless they are given, the weights.
    weights : Path or None
        A checkpoint elsewhere that holds the same net trained further.
    unused : iterable of str
        Begins of names of this checkpoint that have no place in the net.

    Raises
    ------
    PortError
        A file is missing or another one; the net is of another kind; tensors, vocabulary and configuration do not fit.
    """
    config = _config(folder / CONFIG)
    vocabulary = _vocabulary(folder / VOCABULARY, config)
    cutting = _read_json(folder / TOKENIZER, _Cutting) if (folder / TOKENIZER).is_file() else _Cutting()
    weights = weights or _weights(folder)
    with torch.device("meta"):
        shapes = shapes_of(Bert(config).state_dict())
    found = _tensors(weights)
    given = {_plain(name): tensor for name, tensor in found.items()}
    if len(given) < len(found):
        raise PortError(f"{weights}: holds more than one BERT, with tensors of the same names; save the one that is wanted")
    if not any(name.startswith(("embeddings.", "encoder.layer.")) for name in given):
        raise PortError(f"{weights}: has no BERT in it; its tensors are called {', '.join(list(given)[:3]) or 'nothing'}")
    try:
        fitted = fit(join_attention(rename(given, RULES)), shapes, (*UNUSED, *unused))
    except PortError as error:
        raise PortError(f"{weights}: {error}") from error
    return ForeignBert(
        config, fitted, vocabulary, cutting.do_lower_case, cutting.strip_accents, cutting.tokenize_chinese_chars, weights
    )


def _plain(name: str) -> str:
    """The name of a tensor without what is around the encoder, and as newer files spell it."""
    return _AROUND.sub("", name).replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def _weights(folder: Path) -> Path:
    found = next((folder / name for name in (SAFE, TORCH) if (folder / name).is_file()), None)
    if found is None:
        raise PortError(f"{folder}: has neither {SAFE} nor {TORCH}; {_what_else(folder)}")
    return found


def _tensors(path: Path) -> dict[str, NDArray[Any]]:
    if path.suffix == ".safetensors":
        try:
            kept = load_file(path)
        except (SafetensorError, OSError) as error:
            raise PortError(f"{path}: cannot be read as safetensors: {error}; download it again") from error
        return {name: (one.float() if one.is_floating_point() else one).numpy() for name, one in kept.items()}
    with open_checkpoint(path) as checkpoint:
        return fold_weight_norm(tensors_of(checkpoint.value))


def _config(path: Path) -> BertConfig:
    said = _read_json(path, _Described)
    if said.model_type != "bert":
        raise PortError(f"{path}: is a net of the kind {said.model_type!r}; only 'bert' is read")
    if said.position_embedding_type != "absolute" or said.is_decoder:
        kind = "a decoder" if said.is_decoder else f"of {said.position_embedding_type!r} positions"
        raise PortError(f"{path}: is a BERT that is {kind}; only encoders with 'absolute' positions are read")
    if said.num_attention_heads < 1 or said.hidden_size % said.num_attention_heads:
        raise PortError(f"{path}: {said.hidden_size} features cannot be shared among {said.num_attention_heads} heads")
    fields = {
        "vocabulary": said.vocab_size,
        "dim": said.hidden_size,
        "layers": said.num_hidden_layers,
        "heads": said.num_attention_heads,
        "hidden": said.intermediate_size,
        "positions": said.max_position_embeddings,
        "segments": said.type_vocab_size,
        "activation": said.hidden_act,
        "eps": said.layer_norm_eps,
    }
    if said.hidden_act not in ("gelu", "relu"):
        raise PortError(f"{path}: the activation {said.hidden_act!r} is not known; known are 'gelu' and 'relu'")
    return BertConfig.check(fields, str(path))


def _vocabulary(path: Path, config: BertConfig) -> tuple[str, ...]:
    try:
        pieces = tuple(path.read_text("utf-8").removesuffix("\n").split("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise PortError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(pieces) > config.vocabulary:
        raise PortError(f"{path}: has {len(pieces)} lines, but the net knows {config.vocabulary} pieces; they are of two models")
    return pieces


def _read_json(path: Path, kind: type[_Read]) -> _Read:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise PortError(f"{path}: cannot be read: {error.strerror}; give the folder that holds it") from error
    except msgspec.MsgspecError as error:
        raise PortError(f"{path}: {error}") from error


def _what_else(folder: Path) -> str:
    """Say what a folder without weights may be."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if any(name.endswith(".index.json") for name in names):
        return "its weights are in several files; save it as one (save_pretrained with max_shard_size)"
    others = [name for name in names if name in ("tf_model.h5", "flax_model.msgpack", "bert_model.ckpt.index")]
    if others:
        return f"{others[0]} is of another framework; save it with transformers as {SAFE}"
    return "give the folder with config.json, vocab.txt and the weights"
