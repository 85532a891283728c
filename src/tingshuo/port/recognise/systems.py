"""Whose a file is: one function a system, each reading names and shapes of tensors, in the order in which they are asked.

Sources of the layouts: the projects' own code that saves and loads these files, named at each function.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tingshuo.port.recognise.finding import Finding, Missing
from tingshuo.port.recognise.graphs import describe_graph
from tingshuo.port.recognise.seen import Seen

Recogniser = Callable[[Seen], Finding | None]
_TRAINING_ONLY = "is needed for going on with its training alone; give the generator instead"
RECOGNISERS: list[Recogniser] = []


def recogniser(function: Recogniser) -> Recogniser:
    """Add a function to those that are asked."""
    RECOGNISERS.append(function)
    return function


def recognise(seen: Seen) -> Finding | None:
    """Return what the first system says that knows a file, None when none does."""
    return next((found for ask in RECOGNISERS if (found := ask(seen)) is not None), None)


@recogniser
def rvc(seen: Seen) -> Finding | None:
    """RVC, https://github.com/RVC-Project/Retrieval-based-Voice-Conversion-WebUI, infer/lib/train/process_ckpt.py."""
    width = seen.shape("enc_p.emb_phone.weight")
    if not width:
        return None
    version = {256: "v1", 768: "v2"}.get(width[-1], f"of {width[-1]}-dimensional content")
    pitch = "yes" if seen.has("enc_p.emb_pitch.weight") else "no"
    rate = _rvc_rate(seen)
    if {"weight", "config"} <= seen.keys:
        return Finding(
            seen.path, seen.format, "rvc", version, "voice (generator)", rate, usable=True,
            missing=(Missing("added_*.index", "beside it in logs/NAME; optional, it makes the timbre closer"),),
            what_next="a voice for conversion and covers", details=(("f0", pitch), *_told(seen, "info", "author")),
        )  # fmt: skip
    if seen.begins("enc_q."):
        what = "one that others are trained from" if _is_base(seen) else "of a training that may go on"
        return Finding(
            seen.path, seen.format, "rvc", version, "generator of a training (G_*.pth)", rate, usable=True,
            what_next=f"a generator, {what}; its encoder of recordings is of no use to a voice", details=(("f0", pitch),),
        )  # fmt: skip
    return Finding(seen.path, seen.format, "rvc", version, "weights without their settings", rate, usable=True)


_RVC_KERNELS = {24000: [20, 12, 4, 4], 32000: [20, 16, 4, 4], 40000: [16, 16, 4, 4], 48000: [24, 20, 4, 4]}
"""Rate to the kernels of the upsampling stages. Version 1 has the same ones, 16 16 4 4 4, at 32 and 48 kHz."""


def _rvc_rate(seen: Seen) -> int | None:
    told = seen.value.get("sr") if isinstance(seen.value, Mapping) else None
    if isinstance(told, int):
        return told
    if isinstance(told, str) and told.endswith("k") and told[:-1].isdigit():
        return int(told[:-1]) * 1000
    kernels = [seen.shape(f"dec.ups.{stage}.{part}")[-1:] for stage in range(5) for part in ("weight_v", "weight")]
    sizes = [size[0] for size in kernels if size]
    return next((rate for rate, known in _RVC_KERNELS.items() if known == sizes), None)


def _is_base(seen: Seen) -> bool:
    return isinstance(seen.value, Mapping) and seen.value.get("iteration") in (None, 0, 1)


@recogniser
def gpt_sovits(seen: Seen) -> Finding | None:
    """GPT-SoVITS, https://github.com/RVC-Boss/GPT-SoVITS, process_ckpt.py and AR/models."""
    if seen.has("ssl_proj.weight") and seen.begins("quantizer."):
        return Finding(seen.path, seen.format, "gpt-sovits", _version(seen), "acoustic model (SoVITS_weights)", 32000)
    if seen.has("model.ar_text_embedding.word_embeddings.weight"):
        return Finding(seen.path, seen.format, "gpt-sovits", _version(seen), "language model (GPT_weights)")
    return None


@recogniser
def emotivoice(seen: Seen) -> Finding | None:
    """EmotiVoice, https://github.com/netease-youdao/EmotiVoice, inference_am_vocoder_joint.py."""
    if seen.begins("am.encoder.") and seen.begins("generator."):
        return Finding(
            seen.path, seen.format, "emotivoice", "joint", "acoustic model and vocoder (g_*)", 16000, usable=True,
            missing=_beside(seen, "data/youdao/text/tokenlist", "data/youdao/text/speaker2", "WangZeJun/simbert-base-chinese"),
            what_next="a voice of many speakers that speaks with prompted emotions",
            details=(("speakers", str(next(iter(seen.shape("am.spk_tokenizer.weight")), ""))),),
        )  # fmt: skip
    if seen.begins("style_embed_proj.") and seen.begins("bert."):
        return Finding(seen.path, seen.format, "emotivoice", "", "style encoder", what_next="what turns a prompt into emotion")
    return None


@recogniser
def kan_tts(seen: Seen) -> Finding | None:
    """KAN-TTS, https://github.com/alibaba-damo-academy/KAN-TTS, kantts/train/trainer.py."""
    if seen.has("text_encoder.sy_emb.weight"):
        emotions = seen.shape("emo_tokenizer.weight")[:1] or seen.shape("emo_tokenizer.spk_emb.weight")[:1]
        return Finding(
            seen.path, seen.format, "sambert", "with filler words" if seen.begins("FP_predictor") else "", "acoustic model (am)",
            usable=True, what_next="an acoustic model; with its vocoder in voc/ckpt it speaks",
            missing=_beside(seen, "config.yaml", "voc/ckpt"), details=(("emotions", str(*emotions)),) if emotions else (),
        )  # fmt: skip
    if seen.begins("transpose_upsamples.") and seen.begins("repeat_upsamples."):
        nsf = "with a harmonic source" if seen.begins("source_module.") else ""
        return Finding(
            seen.path, seen.format, "sambert", nsf, "vocoder (voc)", usable=True, what_next="the vocoder of a Sambert voice",
            missing=_beside(seen, "config.yaml"),
        )  # fmt: skip
    return None


@recogniser
def piper(seen: Seen) -> Finding | None:
    """Piper, https://github.com/OHF-Voice/piper1-gpl, and VITS, https://github.com/jaywalnut310/vits, of which it is made."""
    if seen.begins("model_g.enc_p."):
        rate = _number(seen.value, "hyper_parameters", "sample_rate")
        return Finding(
            seen.path, seen.format, "piper", "", "a training's checkpoint (.ckpt)", rate, usable=True,
            what_next="a voice; its phonemes are in the .onnx.json that was written with the exported voice",
        )  # fmt: skip
    if seen.onnx is not None and set(seen.onnx.inputs) - {"sid"} == {"input", "input_lengths", "scales"}:
        side = seen.path.with_name(seen.path.name + ".json")
        if not side.is_file() and "n_speakers" in seen.onnx.metadata:
            return None  # exported again for sherpa-onnx, which keeps in the graph what was in that file
        return Finding(
            seen.path, seen.format, "piper", "", "voice", usable=True, what_next="a voice",
            missing=() if side.is_file() else (Missing(side.name, "beside the .onnx where it was downloaded"),),
        )  # fmt: skip
    return None


@recogniser
def so_vits(seen: Seen) -> Finding | None:
    """so-vits-svc, https://github.com/svc-develop-team/so-vits-svc, utils.py."""
    if seen.has("pre.weight", "emb_g.weight") and seen.begins("enc_p.") and seen.begins("dec.m_source."):
        version = {256: "4.0", 768: "4.1"}.get(seen.shape("pre.weight")[1], "") if len(seen.shape("pre.weight")) > 1 else ""
        return Finding(
            seen.path, seen.format, "so-vits-svc", version, "generator (G_*.pth)", 44100,
            missing=(Missing("config.json", "in the folder configs of the same training"),),
        )  # fmt: skip
    return None


@recogniser
def vits(seen: Seen) -> Finding | None:
    """VITS and Bert-VITS2, https://github.com/fishaudio/Bert-VITS2, utils.py."""
    if seen.has("enc_p.bert_proj.weight"):
        return Finding(seen.path, seen.format, "bert-vits2", "", "generator", 44100, missing=_beside(seen, "config.json"))
    if seen.has("enc_p.emb.weight") and seen.begins("flow.") and seen.begins("dp."):
        return Finding(seen.path, seen.format, "vits", "", "generator", missing=_beside(seen, "config.json"))
    return None


@recogniser
def discriminators(seen: Seen) -> Finding | None:
    """What a vocoder's training keeps beside its generator: HiFi-GAN's do_*, RVC's D_*, KAN-TTS' and EmotiVoice's likewise."""
    critic = seen.begins("discriminators.") or {"mpd", "msd"} & seen.keys or seen.begins("mpd.") or seen.begins("msd.")
    if not critic or seen.has("conv_post.bias") or seen.begins("enc_p."):
        return None
    system = {"mpd": "hifigan", "msd": "hifigan", "discriminator": "emotivoice", "iteration": "rvc"}
    name = next((owner for key, owner in system.items() if key in seen.keys), "")
    role = "discriminator and optimizer (do_*)" if {"optim_g", "optim_d"} & seen.keys else "discriminator (D_*)"
    return Finding(seen.path, seen.format, name, "", role, what_next=_TRAINING_ONLY)


@recogniser
def vocoders(seen: Seen) -> Finding | None:
    """HiFi-GAN, https://github.com/jik876/hifi-gan; Vocos, https://github.com/gemelo-ai/vocos; BigVGAN."""
    if seen.has("backbone.embed.weight", "head.out.weight"):
        return _vocos(seen)
    if seen.has("conv_pre.bias", "conv_post.bias") and seen.begins("ups."):
        if seen.begins("ups.0.0.") or seen.begins("activation_post."):
            return Finding(seen.path, seen.format, "bigvgan", "", "vocoder", missing=_beside(seen, "config.json"))
        kind = _hifigan_kind(seen)
        return Finding(
            seen.path, seen.format, "hifigan", kind, "vocoder (generator)", usable=True, missing=_beside(seen, "config.json"),
            what_next="a vocoder for acoustic models whose mels are computed as its config.json says",
        )  # fmt: skip
    return None


def _vocos(seen: Seen) -> Finding:
    """One of mels, or one of codes: the same net behind another input."""
    width = str(*seen.shape("backbone.embed.weight")[1:2])
    beside = _beside(seen, "config.yaml")
    if seen.begins("feature_extractor.encodec") or seen.begins("feature_extractor.codebook"):
        return Finding(
            seen.path, seen.format, "vocos", "encodec", "a decoder of EnCodec codes", 24000, usable=True, missing=beside,
            what_next="makes sound of the codes of an EnCodec, not of a mel", details=(("features of a code", width),),
        )  # fmt: skip
    return Finding(
        seen.path, seen.format, "vocos", "mel", "vocoder", 24000, usable=True, missing=beside,
        what_next="a vocoder for acoustic models whose mels are computed as it wants them", details=(("mels", width),),
    )  # fmt: skip


def _hifigan_kind(seen: Seen) -> str:
    """V1, V2 or V3 by the width of the first convolution and the kind of its blocks."""
    width = (seen.shape("conv_pre.weight_v") or seen.shape("conv_pre.parametrizations.weight.original1") or (0,))[0]
    second = seen.begins("resblocks.0.convs.")
    return {(512, False): "V1", (128, False): "V2", (256, True): "V3"}.get((width, second), "")


@recogniser
def recognisers_of_speech(seen: Seen) -> Finding | None:
    """WeNet, FunASR, Whisper, icefall, NeMo."""
    if {"dims", "model_state_dict"} <= seen.keys:
        return Finding(seen.path, seen.format, "whisper", "", "speech recogniser", 16000)
    if seen.has("ctc.ctc_lo.weight") and seen.begins("encoder.encoders."):
        kind = "U2++" if seen.begins("decoder.right_decoder.") else "U2" if seen.begins("decoder.") else "CTC"
        return Finding(
            seen.path, seen.format, "wenet", kind, "speech recogniser", 16000, usable=True,
            what_next="a recogniser of speech", missing=_beside(seen, "train.yaml", "units.txt"),
            details=(("units", str(seen.shape("ctc.ctc_lo.weight")[0])),),
        )  # fmt: skip
    if seen.begins("encoder.encoders0."):
        kind = "Paraformer" if seen.begins("predictor.cif_") else "SenseVoice" if seen.has("embed.weight") else ""
        return Finding(seen.path, seen.format, "funasr", kind, "speech recogniser", 16000, missing=_beside(seen, "config.yaml"))
    if {"model", "model_avg"} <= seen.keys or seen.begins("encoder_embed.conv."):
        return Finding(
            seen.path, seen.format, "icefall", "zipformer", "speech recogniser", 16000, missing=_beside(seen, "tokens.txt")
        )
    return None


@recogniser
def companions_of_covers(seen: Seen) -> Finding | None:
    """What stands around a voice conversion: content encoders, trackers of pitch, speaker encoders, separators."""
    if seen.begins("unet.encoder.") and seen.begins("fc."):
        return Finding(seen.path, seen.format, "rmvpe", "", "tracker of pitch", 16000, what_next="not a voice; covers use it")
    if seen.begins("feature_extractor.conv_layers.") and seen.begins("encoder.layers."):
        return Finding(seen.path, seen.format, "hubert", "", "encoder of content", 16000, what_next="not a voice; covers use it")
    if seen.has("similarity_weight", "linear.weight") and seen.begins("lstm."):
        return Finding(
            seen.path, seen.format, "resemblyzer", "", "speaker encoder", 16000, what_next="what tells how alike two voices are"
        )
    return None


@recogniser
def graphs(seen: Seen) -> Finding | None:
    """ONNX files, see `tingshuo.port.recognise.graphs`."""
    return None if seen.onnx is None else describe_graph(seen.path, seen.format, seen.onnx)


@recogniser
def optimizers(seen: Seen) -> Finding | None:
    """A file that only an optimizer wrote: ``torch.optim.Optimizer.state_dict``."""
    if {"state", "param_groups"} <= seen.keys:
        return Finding(seen.path, seen.format, "pytorch", "", "optimizer", what_next=_TRAINING_ONLY)
    return None


@recogniser
def configs(seen: Seen) -> Finding | None:
    """JSON files that go with models."""
    if seen.format != "json":
        return None
    kinds = (
        ({"phoneme_id_map", "audio"}, "piper", "config of a voice (.onnx.json)"),
        ({"upsample_rates", "resblock_kernel_sizes"}, "hifigan", "config of a vocoder"),
        ({"train", "data", "model", "spk"}, "so-vits-svc", "config"),
        ({"train", "data", "model"}, "vits", "config"),
        ({"voices"}, "sambert", "list of voices"),
        ({"model_type", "hidden_size"}, "hugging face", "config of a transformer"),
        ({"schema_version", "graphs", "files"}, "tingshuo", "manifest of a bundle"),
    )
    for keys, system, role in kinds:
        if keys <= seen.keys:
            rate = _number(seen.value, "audio", "sample_rate") or _number(seen.value, "sampling_rate")
            return Finding(seen.path, seen.format, system, "", role, rate, what_next="give the folder, or the model beside it")
    return None


def _beside(seen: Seen, *names: str) -> tuple[Missing, ...]:
    """What should lie near a file, and does not: in its folder or one of the three above."""
    near = (seen.path.parent, *list(seen.path.resolve().parents)[1:4])
    gone = [name for name in names if not any((folder / name).exists() for folder in near)]
    return tuple(Missing(name, "in the folder that the model was downloaded or trained in") for name in gone)


def _number(value: Any, *keys: str) -> int | None:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) else None


def _version(seen: Seen) -> str:
    told = seen.value.get("version") if isinstance(seen.value, Mapping) else None
    return str(told) if told else ""


def _told(seen: Seen, *keys: str) -> tuple[tuple[str, str], ...]:
    value = seen.value if isinstance(seen.value, Mapping) else {}
    return tuple((key, str(value[key])) for key in keys if isinstance(value.get(key), str | int))
