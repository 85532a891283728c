"""Voices of RVC through the importer: numbers of the original where they are at hand, and tiny voices in its layout."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.config.rvc import NOISE_SCALE  # noqa: E402
from tingshuo.errors import PortError, RequestError  # noqa: E402
from tingshuo.models.rvc.config import RvcConfig  # noqa: E402
from tingshuo.models.rvc.graphs import graphs  # noqa: E402
from tingshuo.models.rvc.net import Rvc  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.importers.rvc import RvcVoice, fuse, read_rvc  # noqa: E402
from tingshuo.port.verify import open_model  # noqa: E402
from tingshuo.tasks.convert.loop import Draws, coarse_pitch, convert  # noqa: E402

pytestmark = pytest.mark.train
GOLDEN = Path(__file__).parents[4] / "shared" / "golden"
Arrays = dict[str, np.ndarray]


def net_of(voice: RvcVoice) -> Rvc:
    net = Rvc(voice.config)
    net.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in voice.tensors.items()})
    return net.eval()


@pytest.fixture(scope="session")
def original(golden: Callable[..., Any]) -> tuple[Any, RvcVoice, Rvc, dict[str, tuple[Any, int, int | None]]]:
    """The fixture, its voice and net, and what each case is given: draws, frames to leave out, frames wanted."""
    stored = golden("rvc_v2_40k")
    voice = read_rvc(stored.files / "assets/weights/golden.pth")
    described = importlib.util.spec_from_file_location("make_weights", GOLDEN / "make_weights.py")
    assert described is not None
    assert described.loader is not None
    maker = importlib.util.module_from_spec(described)
    described.loader.exec_module(maker)

    def draws(frames: int, wanted: int, gain: float) -> Draws:
        latent = gain * maker.unit("rvc.z", [1, 192, frames])
        source = gain * maker.unit("rvc.sine", [1, wanted * 400, 1])
        return Draws(latent.astype(np.float32), source.astype(np.float32).reshape(1, wanted, 400))

    cases = {
        "silent": (draws(80, 80, 0), 0, None),
        "noisy": (draws(80, 80, 1), 0, None),
        "head": (draws(74, 40, 1), 30, 40),
    }
    return stored, voice, net_of(voice), cases


@pytest.mark.parametrize("case", ["silent", "noisy", "head"])
@torch.inference_mode()
def test_every_stage_is_the_original_s(original: Any, case: str) -> None:
    stored, _, net, cases = original
    draws, head, frames = cases[case]
    end, begin = (80 if frames is None else head + frames), max(head - 24, 0)
    seen: dict[str, Any] = {}
    hooks = [net.decoder.first.register_forward_hook(lambda _, __, y: seen.update(conv_pre=y[0, :, 0]))]
    for number, stage in enumerate(net.decoder.stages):
        hooks.append(stage.register_forward_hook(lambda _, __, y, number=number: seen.update({f"stage{number}": y[0, :, 0]})))
    content, f0 = torch.from_numpy(stored.arrays["in.phone"])[None], torch.from_numpy(stored.arrays["in.nsff0"])[None]
    pitch, speaker = torch.from_numpy(stored.arrays["in.pitch"].astype(np.int64))[None], net.speakers.weight[:1]
    seen["enc_x"] = net.encoder.hidden(content, pitch)[0]
    mean, log_deviation = (part[:, :, begin:] for part in net.encoder(content, pitch))
    latent = mean + torch.exp(log_deviation) * torch.from_numpy(draws.latent) * NOISE_SCALE
    ours = net.flow(latent, speaker)[:, :, head - begin : end - begin]
    excitation, _ = net.source(f0[:, head:end], torch.from_numpy(draws.source), torch.zeros(1, dtype=torch.int64))
    seen |= {"m_p": mean[0], "logs_p": log_deviation[0], "z_p": latent[0], "z": ours[0], "har_source": excitation.flatten()}
    seen["wav"] = net.decoder(ours, speaker, excitation)[0]
    for hook in hooks:
        hook.remove()
    checked = 0
    for name in stored.spec["golden"]:
        if name.startswith(f"{case}."):
            stage, _, part = name.removeprefix(f"{case}.").partition(".")
            steps = stored.arrays[name].shape[-1]
            answer = seen[stage][..., :steps] if part == "head" else seen[stage][..., -steps:]
            stored.check(name, answer if part else seen[stage])
            checked += 1
    assert checked == {"silent": 17, "noisy": 16, "head": 16}[case]


def test_coarse_pitch_is_the_original_s(original: Any) -> None:
    stored, *_ = original
    assert coarse_pitch(stored.arrays["in.nsff0"]).tolist() == stored.arrays["in.pitch"].tolist()


def test_a_training_s_checkpoint_is_the_same_voice_as_its_small_file(original: Any) -> None:
    stored, small, *_ = original
    voice = read_rvc(stored.files / "logs/golden")
    assert voice.config == small.config == RvcConfig()
    assert (voice.version, voice.name, small.name) == ("v2", "golden", "golden")
    assert all(np.array_equal(voice.tensors[name], tensor) for name, tensor in small.tensors.items())
    assert (small.report.left_out, small.remarks, small.facts) == ((), (), {"info": "20epoch"})
    assert len(voice.report.left_out) == 104
    assert all(name.startswith("enc_q.") or name == "optimizer" for name in voice.report.left_out)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["silent", "noisy", "head"])
def test_the_graphs_speak_as_the_original_does(original: Any, exported: Any, case: str) -> None:
    """With the weights as they are the graphs stay within the fixture's tolerance. A bundle holds halves: of a weight whose norm
    is folded in they keep three digits, so the wave is 1.2e-3 off, 61 dB below the wave itself."""
    stored, voice, _, cases = original
    draws, head, frames = cases[case]
    given = (stored.arrays["in.phone"], voice.tensors["speakers.weight"][0], stored.arrays["in.nsff0"], head, frames)
    stored.check(f"{case}.wav", convert(exported["single"], voice.config, draws, *given))
    halved = convert(exported["half"], voice.config, draws, *given)
    assert np.abs(halved - stored.arrays[f"{case}.wav"]).max() < 3e-3


@pytest.fixture(scope="session")
def exported(original: Any) -> dict[str, dict[str, Any]]:
    """Sessions of the original's graphs, by precision of the weights."""
    _, voice, net, _ = original
    return sessions(net, voice.tensors)


def sessions(net: Rvc, tensors: Arrays) -> dict[str, dict[str, Any]]:
    opened: dict[str, dict[str, Any]] = {"half": {}, "single": {}}
    for graph in graphs(net):
        model = export_graph(graph)
        opened["half"][graph.name] = open_model(model, half_tensors(net))
        for initializer in model.graph.initializer:  # the Cast behind it becomes one from float32 to float32
            initializer.data_type = 1
        opened["single"][graph.name] = open_model(model, tensors)
    return opened


def state_of(
    content: int = 768, pitched: bool = True, spelling: str = "old", seed: int = 0, speakers: int = 3, steps: int = 2
) -> dict[str, Any]:
    """A tiny voice of 40 kHz as the original writes it: its own names, its own order of the norm's two parts. ``steps`` is how
    many the flow has, and how many convolutions a residual block."""
    torch.manual_seed(seed)
    state: dict[str, Any] = {}

    def plain(name: str, *shape: int, bias: int | None = None) -> None:
        state[f"{name}.weight"] = torch.randn(shape) * 0.4
        if bias:
            state[f"{name}.bias"] = torch.randn(bias) * 0.2

    def normed(name: str, *shape: int, bias: int) -> None:
        length, direction = torch.rand(shape[0], *[1] * (len(shape) - 1)) + 0.5, torch.randn(shape)
        if spelling == "old":
            names = [f"{name}.weight_g", f"{name}.weight_v"]
        else:
            names = [f"{name}.parametrizations.weight.original{part}" for part in (0, 1)]
        state.update({f"{name}.bias": torch.randn(bias) * 0.1, names[0]: length, names[1]: direction})

    if pitched:
        plain("dec.m_source.l_linear", 1, 1, bias=1)
    widths, kernels, taps = [32, 16, 8, 4, 2], [16, 16, 4, 4], [80, 8, 4, 1]
    plain("dec.conv_pre", 32, 4, 7, bias=32)
    for stage in range(4):
        if pitched:
            plain(f"dec.noise_convs.{stage}", widths[stage + 1], 1, taps[stage], bias=widths[stage + 1])
        normed(f"dec.ups.{stage}", widths[stage], widths[stage + 1], kernels[stage], bias=widths[stage + 1])
        for name in (f"{part}.{conv}" for part in ("convs1", "convs2") for conv in range(steps)):
            normed(f"dec.resblocks.{stage}.{name}", widths[stage + 1], widths[stage + 1], 3, bias=widths[stage + 1])
    plain("dec.conv_post", 1, 2, 7)
    plain("dec.cond", 32, 5, 1, bias=32)
    for step in range(steps):
        coupling(plain, normed, f"flow.flows.{2 * step}")
    encoder(plain, state, content, pitched)
    plain("emb_g", speakers, 5)
    return state


def coupling(plain: Any, normed: Any, name: str) -> None:
    plain(f"{name}.pre", 8, 2, 1, bias=8)
    for layer, width in enumerate((16, 8)):
        normed(f"{name}.enc.in_layers.{layer}", 16, 8, 5, bias=16)
        normed(f"{name}.enc.res_skip_layers.{layer}", width, 8, 1, bias=width)
    normed(f"{name}.enc.cond_layer", 32, 5, 1, bias=32)
    plain(f"{name}.post", 2, 8, 1, bias=2)


def encoder(plain: Any, state: dict[str, Any], content: int, pitched: bool) -> None:
    plain("enc_p.emb_phone", 8, content, bias=8)
    if pitched:
        plain("enc_p.emb_pitch", 256, 8)
    for part in "qkvo":
        plain(f"enc_p.encoder.attn_layers.0.conv_{part}", 8, 8, 1, bias=8)
    for table in "kv":
        state[f"enc_p.encoder.attn_layers.0.emb_rel_{table}"] = torch.randn(1, 21, 4)
    for norm in "12":
        state[f"enc_p.encoder.norm_layers_{norm}.0.gamma"] = torch.rand(8)
        state[f"enc_p.encoder.norm_layers_{norm}.0.beta"] = torch.rand(8)
    plain("enc_p.encoder.ffn_layers.0.conv_1", 12, 8, 3, bias=12)
    plain("enc_p.encoder.ffn_layers.0.conv_2", 8, 12, 3, bias=8)
    plain("enc_p.proj", 8, 8, 1, bias=8)


CONFIG = [1025, 32, 4, 8, 12, 2, 1, 3, 0, "1", [3], [[1, 3]], [10, 10, 2, 2], 32, [16, 16, 4, 4], 109, 5, "40k"]


def save(path: Path, state: dict[str, Any], **more: Any) -> Path:
    """Write a small file; ``more`` overrides what it says, None leaves it out."""
    halves = {name: tensor.half() for name, tensor in state.items()}
    said = {"weight": halves, "config": CONFIG, "info": "20epoch", "sr": "40k", "f0": 1, "version": "v2"} | more
    torch.save({name: value for name, value in said.items() if value is not None}, path)
    return path


def as_trained(state: dict[str, Any]) -> dict[str, Any]:
    training = {"enc_q.pre.weight": torch.zeros(8, 1025, 1), "enc_q.pre.bias": torch.zeros(8)}
    optimizer = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-4}]}
    return {"model": state | training, "iteration": 20, "optimizer": optimizer, "learning_rate": 1e-4}


def test_both_spellings_of_weight_norm_are_one_voice(tmp_path: Path) -> None:
    old, new = (read_rvc(save(tmp_path / f"{s}.pth", state_of(spelling=s))) for s in ("old", "new"))
    assert old.config.fields() == new.config.fields()
    assert old.tensors.keys() == new.tensors.keys() == Rvc(old.config).state_dict().keys()
    assert all(np.array_equal(new.tensors[name], tensor) for name, tensor in old.tensors.items())
    assert (old.version, old.embedder, old.licence, old.config.sample_rate) == ("v2", "contentvec", None, 40000)


def test_of_trainings_the_last_checkpoint_is_taken_and_halved(tmp_path: Path) -> None:
    state = state_of()
    torch.save(as_trained(state_of(seed=1)), tmp_path / "G_800.pth")
    torch.save(as_trained(state), tmp_path / "G_4000.pth")
    torch.save({"model": {"discriminators.0.convs.0.bias": torch.zeros(1)}}, tmp_path / "D_4000.pth")
    voice = read_rvc(tmp_path)
    small = read_rvc(save(tmp_path / "small.pth", state))
    assert voice.config == small.config
    assert all(np.array_equal(voice.tensors[name], tensor) for name, tensor in small.tensors.items())
    assert voice.files == (tmp_path / "G_4000.pth",)
    assert voice.report.left_out == ("enc_q.pre.weight", "enc_q.pre.bias", "optimizer")
    assert voice.facts == {"iteration": 20, "learning_rate": 1e-4}
    assert voice.remarks == ("the file does not state its sizes; its tensors are those of 40000 Hz, v2",)


def test_graphs_are_the_net_at_every_length(tmp_path: Path) -> None:
    voice = read_rvc(save(tmp_path / "v.pth", state_of(steps=1), config=[*CONFIG[:11], [[1]], *CONFIG[12:]]))
    net, rng = net_of(voice), np.random.default_rng(0)
    opened = sessions(net, voice.tensors)["single"]
    for frames in (1, 9, 30):
        content, f0 = rng.standard_normal((frames, 768), np.float32), rng.uniform(-50, 300, frames).clip(0).astype(np.float32)
        draws = Draws(rng.standard_normal((1, 4, frames), np.float32), rng.standard_normal((1, frames, 400), np.float32))
        wav = convert(opened, voice.config, draws, content, voice.tensors["speakers.weight"][2], f0)
        given = (content[None], np.array([2]), draws.latent, coarse_pitch(f0)[None], f0[None], draws.source)
        with torch.inference_mode():
            expected = net(*map(torch.from_numpy, given))[0].numpy()
        assert expected.std() > 0.02
        np.testing.assert_allclose(wav, expected, atol=2e-5)


def test_a_voice_without_pitch_and_of_version_1(tmp_path: Path) -> None:
    voice = read_rvc(save(tmp_path / "v.pth", state_of(256, pitched=False), f0=0, version=None))
    assert (voice.version, voice.config.pitched, voice.config.content_dim, voice.remarks) == ("v1", False, 256, ())
    with torch.inference_mode():
        wav = net_of(voice)(torch.zeros(1, 3, 256), torch.tensor([0]), torch.zeros(1, 4, 3))
    assert wav.shape == (1, 1200)


def test_what_applio_says_is_kept(tmp_path: Path) -> None:
    said = {"sr": 40000, "f0": True, "epoch": 7, "author": "someone", "embedder_model": "spin", "vocoder": "HiFi-GAN"}
    voice = read_rvc(save(tmp_path / "someone_7e_300s.pth", state_of(), **said, info=None, license="CC0"))
    assert (voice.name, voice.embedder, voice.licence, voice.remarks) == ("someone", "spin", "CC0", ())
    assert voice.facts == {"epoch": 7, "author": "someone", "license": "CC0"}


def test_wrong_labels_are_remarked_and_the_tensors_believed(tmp_path: Path) -> None:
    voice = read_rvc(save(tmp_path / "v.pth", state_of(), sr="48k", version="v1", f0=0))
    assert (voice.version, voice.config.sample_rate, voice.config.pitched) == ("v2", 40000, True)
    assert [remark.split(",")[0] for remark in voice.remarks] == [
        "the file is labelled v1", "the file is labelled as not using pitch", "the file is labelled 48000 Hz",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"enc_p.proj.bias": None}, "the tensors do not fit the net: 1 missing: encoder.prior.bias"),
        ({"dec.more.weight": torch.zeros(1)}, "1 without a place: dec.more.weight"),
        ({"dec.cond.bias": torch.zeros(7)}, r"decoder.speaker.bias is \(7,\) instead of \(32,\)"),
        ({"emb_g.weight": torch.full((3, 5), torch.nan)}, "emb_g.weight has a value that is not finite in half precision"),
        ({"dec.ups.1.weight_v": torch.zeros(16, 8, 16)}, "decoder.stages.1.up.weight is not finite once its norm is folded in"),
        ({"dec.ups.1.weight_g": None}, "dec.ups.1: weight norm has one half of its pair alone"),
        ({"enc_p.emb_phone.weight": None}, "is no voice of RVC, it has no tensor"),
        ({"dec.mrfs.0.weight": torch.zeros(1)}, "speaks with the decoder MRF HiFi-GAN, which is not supported; HiFi-GAN is"),
        ({"emb_uv.weight": torch.zeros(2, 8)}, "is a model of so-vits-svc"),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in (state_of() | change).items() if tensor is not None}
    with pytest.raises(PortError, match=message) as raised:
        read_rvc(save(tmp_path / "v.pth", state))
    assert str(raised.value).startswith(f"{tmp_path / 'v.pth'}: ")


def test_files_that_are_no_voice_are_named(tmp_path: Path) -> None:
    halves = {name: tensor.half() for name, tensor in (state_of() | {"enc_q.pre.weight": torch.zeros(8, 1025, 1)}).items()}
    files = {
        "RefineGAN": {"weight": state_of(), "vocoder": "RefineGAN"},
        "pretrained net that a training begins with": {"model": halves},
        "discriminator of a training": {"model": {"discriminators.0.convs.0.bias": torch.zeros(1)}},
        "content encoder": {"model": {"feature_extractor.conv_layers.0.0.weight": torch.zeros(1)}},
        "ContentVec": {"cfg": torch.nn.Linear(1, 1), "model": {"feature_extractor.conv_layers.0.0.weight": torch.zeros(1)}},
        "holds whole objects": {"weight": torch.nn.Linear(1, 1)},
        "pitch estimator": {"unet.encoder.bn.weight": torch.zeros(1)},
        "GPT-SoVITS": {"weight": {"enc_p.ssl_proj.weight": torch.zeros(1)}, "config": {}},
        "holds no tensors by name": [torch.zeros(1)],
    }
    for number, (message, value) in enumerate(files.items()):
        torch.save(value, tmp_path / f"{number}.pth")
        with pytest.raises(PortError, match=message):
            read_rvc(tmp_path / f"{number}.pth")


def test_fusing_mixes_before_the_norm_is_folded(tmp_path: Path) -> None:
    one, other = state_of(seed=1), state_of(seed=2, spelling="new", speakers=2)
    first, second = save(tmp_path / "a.pth", one), save(tmp_path / "b.pth", other)
    voice = fuse(first, second, 0.25)
    assert (voice.name, voice.facts["info"], voice.config.speakers) == ("a-b", "0.25 of a, 0.75 of b", 2)
    plain = state_of(seed=2, speakers=2)
    mixed = {
        name: 0.25 * tensor.half().float()[: len(plain[name])] + 0.75 * plain[name].half().float() for name, tensor in one.items()
    }
    expected = read_rvc(save(tmp_path / "mixed.pth", mixed))
    for name, tensor in expected.tensors.items():
        np.testing.assert_allclose(voice.tensors[name], tensor, atol=2e-3)
    itself = fuse(first, first, 0.7)
    assert all(np.allclose(itself.tensors[name], tensor, atol=2e-3) for name, tensor in read_rvc(first).tensors.items())


@pytest.mark.parametrize(
    ("state", "said", "what"),
    [
        ({"content": 256}, {"version": "v1"}, r"version \(v2 and v1\)"),
        ({"pitched": False}, {"f0": 0}, r"use of pitch \(True and False\)"),
        ({}, {"embedder_model": "spin"}, r"embedder \(contentvec and spin\)"),
        ({}, {"config": [*CONFIG[:11], [[1, 5]], *CONFIG[12:]]}, "sizes"),
    ],
)
def test_voices_that_differ_are_not_fused(state: dict[str, Any], said: dict[str, Any], what: str, tmp_path: Path) -> None:
    first, second = save(tmp_path / "a.pth", state_of()), save(tmp_path / "b.pth", state_of(**state), **said)
    with pytest.raises(PortError, match=f"cannot be fused: they differ in {what}; train both alike"):
        fuse(first, second)
    with pytest.raises(RequestError, match="from 0 to 1"):
        fuse(first, first, 1.5)
