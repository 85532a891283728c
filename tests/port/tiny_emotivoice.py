"""A tiny EmotiVoice with random weights, and the language model that reads its prompts, in the folders of the original."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from tingshuo.tasks.emotivoice.model import PROMPTS
from tingshuo.text.foreign.emotivoice import BETWEEN, EDGE, ENGLISH_BETWEEN, ENGLISH_PAUSE, INSIDE, PAUSE, TO_MANDARIN
from tingshuo.text.symbols import ARPABET, FINALS, INITIALS

DIM, HIDDEN, PROMPT, TOKENS, SPEAKERS, LATENT, WIDTH = 16, 12, 6, 9, 3, 5, 8
CKPT, NAME = "outputs/prompt_tts_open_source_joint/ckpt", "g_00000030"
MODEL = {
    "encoder_n_layers": 2, "encoder_n_heads": 2, "encoder_n_hidden": DIM, "encoder_kernel_size_conv_mod": 3,
    "decoder_n_layers": 1, "decoder_n_heads": 4, "decoder_n_hidden": DIM, "decoder_kernel_size_conv_mod": 5,
    "bert_embedding": PROMPT, "variance_n_hidden": HIDDEN, "variance_n_layers": 1, "variance_kernel_size": 5,
    "variance_embed_kernel_size": 3, "duration_n_layers": 2, "duration_kernel_size": 3, "resblock": "2", "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4], "initial_channel": LATENT, "upsample_initial_channel": WIDTH, "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
}  # fmt: skip


def stack(name: str, layers: int, kernel: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the original's encoder or decoder."""
    found: dict[str, tuple[int, ...]] = {f"am.{name}.embed.0.alpha": ()}
    for layer in range(layers):
        stem = f"am.{name}.encoders.{layer}"
        for part in ("q", "k", "v", "out"):
            found |= {f"{stem}.self_attn.linear_{part}.weight": (DIM, DIM), f"{stem}.self_attn.linear_{part}.bias": (DIM,)}
        for part, a, b in (("w_1", 4 * DIM, DIM), ("w_2", DIM, 4 * DIM)):
            found |= {f"{stem}.feed_forward.{part}.weight": (a, b, kernel), f"{stem}.feed_forward.{part}.bias": (a,)}
        for part in ("norm1", "norm2"):
            found |= {f"{stem}.{part}.weight": (DIM,), f"{stem}.{part}.bias": (DIM,)}
    return found | {f"am.{name}.after_norm.weight": (DIM,), f"am.{name}.after_norm.bias": (DIM,)}


def predictor(name: str, layers: int, kernel: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the original's predictor."""
    stem = f"am.{name}_predictor"
    found: dict[str, tuple[int, ...]] = {f"{stem}.linear.weight": (1, HIDDEN), f"{stem}.linear.bias": (1,)}
    for layer in range(layers):
        found |= {
            f"{stem}.conv.{layer}.0.weight": (HIDDEN, HIDDEN if layer else DIM, kernel),
            f"{stem}.conv.{layer}.0.bias": (HIDDEN,),
        }
        found |= {f"{stem}.conv.{layer}.2.{part}": (HIDDEN,) for part in ("weight", "bias")}
    return found


def plain(tokens: int = TOKENS) -> dict[str, Any]:
    """Tensors under the original's names, random, weight norm not applied."""
    shapes = stack("encoder", 2, 3) | stack("decoder", 1, 5)
    shapes |= predictor("duration", 2, 3) | predictor("pitch", 1, 5) | predictor("energy", 2, 3)
    for name in ("pitch", "energy"):
        shapes |= {f"am.{name}_embed.0.weight": (DIM, 1, 3), f"am.{name}_embed.0.bias": (DIM,)}
    shapes |= {"am.to_mel.weight": (LATENT, DIM), "am.to_mel.bias": (LATENT,)}
    shapes |= {"am.spk_tokenizer.weight": (SPEAKERS, DIM), "am.src_word_emb.weight": (tokens, DIM)}
    shapes |= {"am.embed_projection1.weight": (DIM, 2 * DIM + 2 * PROMPT), "am.embed_projection1.bias": (DIM,)}
    shapes |= {"am.alignment_module.t_conv1.weight": (DIM, DIM, 3), "am.alignment_module.t_conv1.bias": (DIM,)}
    convs = {"conv_pre": (WIDTH, LATENT, 7), "ups.0": (WIDTH, WIDTH // 2, 8), "ups.1": (WIDTH // 2, WIDTH // 4, 4)}
    convs |= {f"resblocks.{stage}.convs.{n}": (WIDTH // 2 >> stage, WIDTH // 2 >> stage, 3) for stage in (0, 1) for n in (0, 1)}
    for name, shape in (convs | {"conv_post": (1, WIDTH // 4, 7)}).items():
        out = shape[1] if name.startswith("ups") else shape[0]
        shapes |= {f"generator.{name}.weight": shape, f"generator.{name}.bias": (out,)}
    torch.manual_seed(0)
    tensors = {name: 0.3 * torch.randn(shape) for name, shape in shapes.items()}
    tensors["am.duration_predictor.linear.bias"] += 1.5
    return tensors


def normed(tensors: Mapping[str, Any], length: str, direction: str) -> dict[str, Any]:
    """Split the vocoder's weights into length and direction, which is not of length one."""
    split: dict[str, Any] = {}
    for name, tensor in tensors.items():
        if name.startswith("generator.") and name.endswith(".weight"):
            stem = name.removesuffix("weight")
            split[stem + length] = tensor.norm(dim=(1, 2), keepdim=True)
            split[stem + direction] = 1.7 * tensor
        else:
            split[name] = tensor
    return split


NEW, OLD = ("parametrizations.weight.original0", "parametrizations.weight.original1"), ("weight_g", "weight_v")


SPOKEN = (
    "<pad>", EDGE, INSIDE, BETWEEN, PAUSE, ENGLISH_BETWEEN, ENGLISH_PAUSE, TO_MANDARIN,
    *(initial for initial in INITIALS if initial), *(f"{final}{tone}" for final in FINALS for tone in range(1, 6)),
    *(f"[{phone}]" for phone in ARPABET),
    *(f"[{phone}{stress}]" for phone in ARPABET if phone[0] in "AEIOU" for stress in range(3)),
)  # fmt: skip
"""Tokens with which Mandarin and English words can be spoken; an erhua syllable is two."""


def write_project(root: Path, names: Sequence[str] = tuple(f"t{n}" for n in range(TOKENS))) -> Path:
    """Write the original's folders with a tiny voice; ``exp/old`` has the same one in the older spelling."""
    tensors = plain(len(names))
    for path, spelling in ((f"{CKPT}/{NAME}", NEW), (f"{CKPT}/g_00000004", NEW), ("exp/old/ckpt/g_00000001", OLD)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        torch.save({"generator": normed(tensors, *spelling)}, root / path)
    text = root / "data/youdao/text"
    text.mkdir(parents=True)
    (text / "tokenlist").write_text("".join(f"{name}\n" for name in names), "utf-8")
    (text / "speaker2").write_text("8051\n9017\n12787\n", "utf-8")
    (text / "emotion").write_text("普通\n开心\n", "utf-8")
    (root / "config/joint").mkdir(parents=True)
    settings = {"sr": 16000, "n_mels": LATENT, "hop_length": 8, "model": MODEL}
    (root / "config/joint/config.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    (root / "LICENSE").write_text("                                 Apache License\n   Version 2.0, January 2004\n", "utf-8")
    return root


def write_prompt_encoder(root: Path) -> Path:
    """Write a tiny SimBERT, and as the voice knows it, into the folders of a voice."""
    words = root / "WangZeJun/simbert-base-chinese"
    words.mkdir(parents=True)
    pieces = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys("".join(PROMPTS.values())), *"今天气真好")
    sizes = {"vocab_size": len(pieces), "hidden_size": PROMPT, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 8, "max_position_embeddings": 20}
    (words / "config.json").write_text(json.dumps(sizes), "utf-8")
    (words / "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), "utf-8")
    (root / "outputs/style_encoder/ckpt").mkdir(parents=True)
    torch.save({"model": prompt_tensors(len(pieces))}, root / "outputs/style_encoder/ckpt/checkpoint_163431")
    return root


def prompt_tensors(pieces: int) -> dict[str, Any]:
    """Return the tensors of a style encoder, random, under the names of the original."""
    bert, layer = "module.bert", "module.bert.encoder.layer.0"
    shapes: dict[str, tuple[int, ...]] = {
        f"{bert}.embeddings.{name}_embeddings.weight": (n, PROMPT)
        for name, n in (("word", pieces), ("position", 20), ("token_type", 2))
    }
    linears = {f"{layer}.attention.self.{name}": (PROMPT, PROMPT) for name in ("query", "key", "value")}
    linears |= {f"{layer}.attention.output.dense": (PROMPT, PROMPT), f"{bert}.pooler.dense": (PROMPT, PROMPT)}
    linears |= {f"{layer}.intermediate.dense": (8, PROMPT), f"{layer}.output.dense": (PROMPT, 8)}
    for name, shape in linears.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    for name in (f"{bert}.embeddings", f"{layer}.attention.output", f"{layer}.output"):
        shapes |= {f"{name}.LayerNorm.{part}": (PROMPT,) for part in ("weight", "bias")}
    shapes |= {"module.style_embed_proj.weight": (4, PROMPT), "module.style_embed_proj.bias": (4,)}
    torch.manual_seed(1)
    return {name: torch.randn(shape) for name, shape in shapes.items()}
