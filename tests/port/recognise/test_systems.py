"""Whose a file is, by names and shapes of tensors: real layouts of each system, and the files that are given by mistake."""

# ruff: noqa: E501 (a table reads better with a row in a line)

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tingshuo.port.recognise.onnx_head import OnnxHead
from tingshuo.port.recognise.seen import Seen
from tingshuo.port.recognise.systems import recognise

RVC = ("enc_p.emb_phone.weight", "enc_p.emb_pitch.weight", "dec.conv_pre.weight", "flow.flows.0.pre.weight")
SMALL = {"weight": {}, "config": [], "sr": "40k", "info": "20epoch", "f0": 1, "version": "v2"}
CASES: list[tuple[str, dict[str, tuple[int, ...]], Any, str, str, str, bool]] = [
    ("rvc v2", {f"weight.{n}": (192, 768) for n in RVC}, SMALL, "rvc", "v2", "voice (generator)", True),
    ("rvc v1", {f"weight.{RVC[0]}": (192, 256)}, {"weight": {}, "config": []}, "rvc", "v1", "voice (generator)", True),
    ("rvc G", {f"model.{n}": (192, 768) for n in (*RVC, "enc_q.pre.weight")}, {"model": {}, "iteration": 9}, "rvc", "v2", "G_*.pth", True),
    ("rvc D", {"model.discriminators.0.convs.0.bias": (1,)}, {"model": {}, "iteration": 9}, "rvc", "", "discriminator (D_*)", False),
    ("hifigan do", {"mpd.discriminators.0.convs.0.bias": (1,)}, {"mpd": {}, "msd": {}, "optim_g": {}}, "hifigan", "", "(do_*)", False),
    ("hifigan V1", {f"generator.{n}": (512,) for n in ("conv_pre.bias", "conv_pre.weight_v", "ups.0.bias", "conv_post.bias")},
     {"generator": {}}, "hifigan", "V1", "vocoder (generator)", True),
    ("bigvgan", {f"generator.{n}": (9,) for n in ("conv_pre.bias", "ups.0.0.bias", "conv_post.bias")}, {}, "bigvgan", "", "vocoder", False),
    ("vocos", {"backbone.embed.weight": (512, 100, 7), "head.out.weight": (1026, 512)}, {}, "vocos", "mel", "vocoder", True),
    ("vocos of codes", {"feature_extractor.codebook_weights": (16384, 128), "backbone.embed.weight": (384, 128, 7), "head.out.weight": (1282, 384)}, {},
     "vocos", "encodec", "a decoder of EnCodec codes", True),
    ("emotivoice g", {"generator.am.encoder.embed.0.alpha": (), "generator.generator.conv_pre.bias": (1,)}, {"generator": {}},
     "emotivoice", "joint", "(g_*)", True),
    ("emotivoice do", {"discriminator.discriminators.0.bias": (1,)}, {"discriminator": {}, "optim_g": {}}, "emotivoice", "", "(do_*)", False),
    ("sambert am", {"model.text_encoder.sy_emb.weight": (147, 512)}, {"model": {}}, "sambert", "", "acoustic model (am)", True),
    ("sambert voc", {"model.generator.transpose_upsamples.0.1.deconv.bias": (1,), "model.generator.repeat_upsamples.0.2.bias": (1,)},
     {"model": {}}, "sambert", "", "vocoder (voc)", True),
    ("piper ckpt", {"state_dict.model_g.enc_p.emb.weight": (256, 192)}, {"hyper_parameters": {"sample_rate": 22050}}, "piper", "", ".ckpt", True),
    ("wenet", {"encoder.encoders.0.norm.bias": (1,), "ctc.ctc_lo.weight": (4233, 256), "decoder.right_decoder.a": (1,)}, {},
     "wenet", "U2++", "speech recogniser", True),
    ("whisper", {"model_state_dict.encoder.conv1.weight": (1,)}, {"dims": {}, "model_state_dict": {}}, "whisper", "", "recogniser", False),
    ("paraformer", {"encoder.encoders0.0.a": (1,), "predictor.cif_conv1d.bias": (1,)}, {}, "funasr", "Paraformer", "recogniser", False),
    ("so-vits", {"model.pre.weight": (192, 768, 5), "model.emb_g.weight": (1, 768), "model.enc_p.proj.weight": (1,),
                 "model.dec.m_source.l_linear.weight": (1,)}, {"model": {}}, "so-vits-svc", "4.1", "generator (G_*.pth)", False),
    ("bert-vits2", {"model.enc_p.bert_proj.weight": (1,)}, {}, "bert-vits2", "", "generator", False),
    ("sovits weights", {"weight.ssl_proj.weight": (1,), "weight.quantizer.vq.layers.0._codebook.embed": (1,)}, {}, "gpt-sovits", "", "acoustic", False),
    ("rmvpe", {"unet.encoder.bn.weight": (1,), "fc.0.gru.weight_ih_l0": (1,)}, {}, "rmvpe", "", "tracker of pitch", False),
    ("resemblyzer", {"model_state.lstm.bias_hh_l0": (1,), "model_state.linear.weight": (1,), "model_state.similarity_weight": (1,)}, {},
     "resemblyzer", "", "speaker encoder", False),
    ("optimizer", {}, {"state": {}, "param_groups": []}, "pytorch", "", "optimizer", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tensors", "value", "system", "version", "role", "usable"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_whose_it_is(tensors: Any, value: Any, system: str, version: str, role: str, usable: bool, tmp_path: Path) -> None:
    found = recognise(Seen(tmp_path / "some.file", "torch zip", tensors, value))
    assert found is not None
    assert (found.system, found.version, found.usable) == (system, version, usable)
    assert role in found.role
    assert found.what_next or not usable


def test_what_nobody_knows() -> None:
    assert recognise(Seen(Path("x"), "torch zip", {"layer.weight": (2, 2)}, {"layer.weight": {}})) is None


def test_rates_of_rvc_are_told_or_found(tmp_path: Path) -> None:
    kernels = {f"weight.dec.ups.{stage}.weight_v": (9, 9, size) for stage, size in enumerate((24, 20, 4, 4))}
    tensors = {f"weight.{RVC[0]}": (192, 768)} | kernels
    for value, rate in (({"sr": "32k"}, 32000), ({"sr": 44100}, 44100), ({}, 48000)):
        found = recognise(Seen(tmp_path / "x", "torch zip", tensors, {"weight": {}, "config": []} | value))
        assert found is not None
        assert found.sample_rate == rate


@pytest.mark.parametrize(
    ("inputs", "metadata", "system", "role"),
    [
        (("input", "input_lengths", "scales"), {}, "piper", "voice"),
        (("phone", "phone_lengths", "pitch", "pitchf", "ds", "rnd"), {}, "rvc", "voice as a graph (RVC, MoeVS)"),
        (("feats", "p_len", "pitch", "pitchf", "sid"), {}, "rvc", "voice as a graph (w-okada)"),
        (("c", "f0", "mel2ph", "uv", "noise", "sid"), {}, "so-vits-svc", "voice as a graph"),
        (("x", "x_lengths"), {"model_type": "vits", "sample_rate": "22050"}, "sherpa-tts", "voice"),
        (("x",), {}, "", "a graph"),
    ],
)
def test_graphs(inputs: tuple[str, ...], metadata: dict[str, str], system: str, role: str, tmp_path: Path) -> None:
    head = OnnxHead("", 15, dict.fromkeys(inputs, ()), {"y": ()}, metadata, Counter())
    found = recognise(Seen(tmp_path / "x.onnx", "onnx", onnx=head))
    assert found is not None
    assert (found.system, found.role) == (system, role)
    assert found.sample_rate == (22050 if metadata else None)


def test_what_should_lie_beside_it_and_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "outputs/joint/ckpt"
    folder.mkdir(parents=True)
    (tmp_path / "data/youdao/text").mkdir(parents=True)
    (tmp_path / "data/youdao/text/tokenlist").touch()
    tensors = {"generator.am.encoder.a": (1,), "generator.generator.b": (1,)}
    found = recognise(Seen(folder / "g_1", "torch zip", tensors, {"generator": {}}))
    assert found is not None
    assert [one.what for one in found.missing] == ["data/youdao/text/speaker2", "WangZeJun/simbert-base-chinese"]
