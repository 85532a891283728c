"""Settings of WeNet's recognisers as ours; a kind of net, or a switch, that we do not have is named.

Two ages of them are read: the newer with ``tokenizer_conf``, ``cmvn_conf`` and ``dataset_conf``, and the older without the first
two. Source of names and defaults: https://github.com/wenet-e2e/wenet (``wenet/utils/init_model.py``,
``wenet/models/transformer``, ``wenet/dataset/processor.py``; Apache-2.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tingshuo.config.fbank import FbankConfig
from tingshuo.config.strict import StrictModel
from tingshuo.errors import ConfigError, PortError
from tingshuo.models.conformer.config import ConformerConfig

Shapes = Mapping[str, tuple[int, ...]]
M = TypeVar("M", bound=StrictModel)

_SUBSAMPLINGS = {"conv2d": 4, "conv2d6": 6, "conv2d8": 8}
_POSITIONS = {("rel_pos", True): "relative", ("abs_pos", False): "absolute", ("no_pos", False): "none"}
"""Kind of positions, and whether attention has weights for them."""
_TRAINING = {
    "dropout_rate", "positional_dropout_rate", "attention_dropout_rate", "self_attention_dropout_rate",
    "src_attention_dropout_rate", "gradient_checkpointing", "use_dynamic_left_chunk", "use_sdpa", "tie_word_embedding",
    "positionwise_conv_kernel_size", "n_expert", "n_expert_activated",
}  # fmt: skip
"""What changes nothing about the results."""
_ONLY: dict[str, Any] = {
    "layer_norm_type": "layer_norm", "mlp_type": "position_wise_feed_forward", "query_bias": True, "key_bias": True,
    "value_bias": True, "mlp_bias": True, "conv_bias": True, "src_query_bias": True, "src_key_bias": True,
    "src_value_bias": True, "n_kv_head": None, "head_dim": None, "conv_inner_factor": 2, "final_norm": True,
    "concat_after": False, "use_output_layer": True, "src_attention": True,
}  # fmt: skip
"""Switches of which one value is read."""
_ENCODER = {
    "output_size", "attention_heads", "linear_units", "num_blocks", "input_layer", "pos_enc_layer_type", "normalize_before",
    "static_chunk_size", "use_dynamic_chunk", "selfattention_layer_type", "activation_type", "norm_eps", "macaron_style",
    "use_cnn_module", "cnn_module_kernel", "causal", "cnn_module_norm", "conv_norm_eps",
}  # fmt: skip
_DECODER = {
    "attention_heads", "linear_units", "num_blocks", "r_num_blocks", "input_layer", "normalize_before", "activation_type",
    "norm_eps",
}  # fmt: skip
_SAMPLE_RATE = 16000
_FEATURES = 80


@dataclass(frozen=True, slots=True)
class Marks:
    """Numbers of the units that are no writing."""

    blank: int
    sos: int
    eos: int


def check_kind(source: Path, settings: Mapping[str, Any]) -> None:
    """Refuse settings of nets that we do not have.

    Raises
    ------
    PortError
        Names the kind of model, encoder, decoder or tokenizer.
    """
    known: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
        ("model", "asr_model", ("asr_model",)),
        ("encoder", "conformer", ("conformer", "transformer")),
        ("decoder", "bitransformer", ("transformer", "bitransformer", None)),
        ("ctc", "ctc", ("ctc",)),
        ("tokenizer", "char", ("char", "bpe")),
    )
    if not isinstance(settings.get("encoder_conf"), Mapping):
        raise PortError(f"{source}: has no encoder_conf; it is not the file that training with WeNet wrote")
    for key, usual, accepted in known:
        if settings.get(key, usual) not in accepted:
            names = " and ".join(repr(name) for name in accepted if name)
            raise PortError(f"{source}: has the {key} {settings[key]!r}, which is not supported; {names} can be read")
    if _section(settings, "model_conf").get("apply_non_blank_embedding"):
        raise PortError(f"{source}: apply_non_blank_embedding, a decoder that hears frames of units alone, is not supported")
    if "lora_conf" in settings and settings.get("use_lora"):
        raise PortError(f"{source}: was trained with LoRA, which is not supported; merge it into the net first")


def net_config(source: Path, settings: Mapping[str, Any], shapes: Shapes) -> ConformerConfig:
    """Return the config of the net.

    Parameters
    ----------
    source : Path
        The settings' file, for messages.
    settings : mapping
        Its content, of a kind that `check_kind` knows.
    shapes : mapping
        Of the checkpoint's tensors by their own names.

    Raises
    ------
    PortError
        A setting is wrong, does not fit the tensors, or asks for something that our net does not do.
    """
    encoder, decoder = _section(settings, "encoder_conf"), _section(settings, "decoder_conf")
    _check_switches(source, "encoder_conf", encoder, _ENCODER)
    _check_switches(source, "decoder_conf", decoder, _DECODER)
    units = shapes["ctc.ctc_lo.weight"][0]
    if settings.get("output_dim", units) != units:
        raise PortError(f"{source}: is of a net of {settings['output_dim']} units, but the checkpoint has {units}; they differ")
    fields = {"units": units, "features": _features(settings)} | _encoder(source, settings, encoder, shapes)
    kind = settings.get("decoder", "bitransformer")
    layers = 0 if kind is None else decoder.get("num_blocks", 6)
    fields |= {
        "decoder_layers": layers,
        "reverse_layers": decoder.get("r_num_blocks", 0) if kind == "bitransformer" else 0,
        "decoder_heads": decoder.get("attention_heads", 4),
        "decoder_hidden": decoder.get("linear_units", 2048),
        "decoder_activation": decoder.get("activation_type", "relu"),
        "decoder_norm_first": decoder.get("normalize_before", True),
        "decoder_eps": decoder.get("norm_eps", 1e-5),
    }
    config = _check(ConformerConfig, fields, source)
    heads = (config.heads, *((config.decoder_heads,) if layers else ()))
    uneven = next((n for n in heads if n < 1 or config.dim % n), None)
    if uneven is not None:
        raise PortError(f"{source}: {config.dim} features cannot be shared among {uneven} heads")
    if config.kernel and not config.causal and config.kernel % 2 == 0:
        raise PortError(f"{source}: cnn_module_kernel is {config.kernel}; a convolution that is not causal has an odd number")
    return config


def fbank_config(source: Path, settings: Mapping[str, Any]) -> FbankConfig:
    """Return how features are computed; noise (dither) is of training and left out.

    Raises
    ------
    PortError
        The features are others than a filter bank, or a setting is wrong.
    """
    data, old = _section(settings, "dataset_conf"), _section(settings, "collate_conf")
    older = _section(old, "feature_extraction_conf")
    kind = data.get("feats_type", older.get("feature_type", "fbank"))
    if kind != "fbank":
        raise PortError(f"{source}: reads features of the kind {kind!r}, which is not supported; 'fbank' is")
    if older.get("using_pitch"):
        raise PortError(f"{source}: reads pitch beside the filter bank (using_pitch), which is not supported")
    given = _section(data, "fbank_conf") or older
    fields = {
        "sample_rate": _section(data, "resample_conf").get("resample_rate", _SAMPLE_RATE),
        "n_mels": _features(settings),
        "frame_length_ms": given.get("frame_length", 25),
        "frame_shift_ms": given.get("frame_shift", 10),
        "window": given.get("window_type", "povey"),
    }
    return _check(FbankConfig, fields, source)


def marks(source: Path, settings: Mapping[str, Any], units: int) -> Marks:
    """Return the numbers of blank and of the marks at begin and end; errors as of `net_config`."""
    special = _section(settings, "tokenizer_conf").get("special_tokens")
    # Before there were special_tokens, one mark was both, and the last of the units.
    special = special if isinstance(special, Mapping) else {}
    found = Marks(
        _section(settings, "ctc_conf").get("ctc_blank_id", 0), special.get("<sos>", units - 1), special.get("<eos>", units - 1)
    )
    for name, number in (("blank", found.blank), ("<sos>", found.sos), ("<eos>", found.eos)):
        if not isinstance(number, int) or not 0 <= number < units:
            raise PortError(f"{source}: {name} has the number {number!r}, and there are units 0 to {units - 1}")
    return found


def reverse_weight(settings: Mapping[str, Any]) -> float:
    """Return how much the decoder from right to left counted in training."""
    weight = _section(settings, "model_conf").get("reverse_weight", 0.0)
    return float(weight) if isinstance(weight, int | float) else 0.0


def wants_cmvn(settings: Mapping[str, Any]) -> bool:
    """Return whether features are normalised."""
    return settings.get("cmvn") == "global_cmvn" or bool(settings.get("cmvn_file"))


def _encoder(source: Path, settings: Mapping[str, Any], conf: Mapping[str, Any], shapes: Shapes) -> dict[str, Any]:
    is_conformer = settings.get("encoder", "conformer") == "conformer"
    layer = conf.get("input_layer", "conv2d")
    if layer not in _SUBSAMPLINGS:
        raise PortError(f"{source}: has the input_layer {layer!r}, which is not supported; {', '.join(_SUBSAMPLINGS)} are")
    norm = conf.get("cnn_module_norm", "batch_norm")
    if norm not in ("batch_norm", "layer_norm"):
        raise PortError(f"{source}: has the cnn_module_norm {norm!r}, which is not supported; batch_norm and layer_norm are")
    return {
        "subsampling": _SUBSAMPLINGS[layer],
        "dim": conf.get("output_size", 256),
        "layers": conf.get("num_blocks", 6),
        "heads": conf.get("attention_heads", 4),
        "hidden": conf.get("linear_units", 2048),
        "activation": conf.get("activation_type", "swish" if is_conformer else "relu"),
        "positions": _positions(source, conf, is_conformer, shapes),
        "macaron": is_conformer and conf.get("macaron_style", True),
        "kernel": conf.get("cnn_module_kernel", 15) if is_conformer and conf.get("use_cnn_module", True) else 0,
        "causal": conf.get("causal", False),
        "conv_norm": "layer" if norm == "layer_norm" else "none",
        "norm_first": conf.get("normalize_before", True),
        "eps": conf.get("norm_eps", 1e-5),
        "conv_eps": conf.get("conv_norm_eps", 1e-5),
        "static_chunk": conf.get("static_chunk_size", 0),
        "dynamic_chunk": conf.get("use_dynamic_chunk", False),
    }


def _positions(source: Path, conf: Mapping[str, Any], is_conformer: bool, shapes: Shapes) -> str:
    kind = conf.get("pos_enc_layer_type", "rel_pos" if is_conformer else "abs_pos")
    attention = conf.get("selfattention_layer_type", "rel_selfattn" if is_conformer else "selfattn")
    # Older code did not read the kind of attention; the tensors tell.
    placed = "encoder.encoders.0.self_attn.linear_pos.weight" in shapes
    if (kind, placed) not in _POSITIONS or attention not in ("selfattn", "rel_selfattn"):
        raise PortError(
            f"{source}: positions of the kind {kind!r} with attention of the kind {attention!r} are not supported; rel_pos with "
            "rel_selfattn, and abs_pos or no_pos with selfattn, are"
        )
    return _POSITIONS[kind, placed]


def _features(settings: Mapping[str, Any]) -> Any:
    data, old = _section(settings, "dataset_conf"), _section(settings, "collate_conf")
    bands = _section(data, "fbank_conf").get("num_mel_bins", _section(old, "feature_extraction_conf").get("mel_bins", _FEATURES))
    return settings.get("input_dim", bands)


def _check_switches(source: Path, section: str, conf: Mapping[str, Any], read: set[str]) -> None:
    """Refuse settings that would change the net in a way that is not known."""
    for name, value in conf.items():
        if name in _ONLY and value != _ONLY[name]:
            raise PortError(f"{source}: {section} has {name} {value!r}, which is not supported; only {_ONLY[name]!r} is")
        if name not in _ONLY and name not in read and name not in _TRAINING:
            raise PortError(f"{source}: {section} has {name}, which is not known; the net may be another than it seems")
    if section == "decoder_conf" and conf.get("input_layer", "embed") != "embed":
        raise PortError(f"{source}: {section} has the input_layer {conf['input_layer']!r}, which is not supported; 'embed' is")


def _section(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = settings.get(name)
    return section if isinstance(section, Mapping) else {}


def _check(kind: type[M], fields: Mapping[str, Any], source: Path) -> M:
    try:
        return kind.check(fields, str(source))
    except ConfigError as error:
        raise PortError(str(error)) from error
