"""A checkpoint of EmotiVoice, read and spoken with our nets and graphs, equals what its own net answered.

The golden fixture has the answers of the original; a tiny voice with random weights, written here in the original's layout,
stands in for it where it is absent.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from tests.port.tiny_emotivoice import CKPT, DIM, LATENT, NAME, NEW, PROMPT, TOKENS, normed, plain, write_project  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.emotivoice.graphs import graphs  # noqa: E402
from tingshuo.models.emotivoice.net import durations, spread  # noqa: E402
from tingshuo.models.hifigan.graphs import graphs as vocoder_graphs  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.importers.emotivoice import read_emotivoice, read_prompt_encoder  # noqa: E402
from tingshuo.port.verify import open_model  # noqa: E402
from tingshuo.tasks.emotivoice.spread import shares, whole_frames  # noqa: E402
from tingshuo.text.foreign.emotivoice import token_ids  # noqa: E402

pytestmark = pytest.mark.train
Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the original's folders with a tiny voice; ``exp/old`` has the same one in the older spelling."""
    return write_project(tmp_path_factory.mktemp("EmotiVoice"))


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    """Return a copy of the folders that a test may change."""
    return shutil.copytree(project, tmp_path / "EmotiVoice")


def test_everything_around_the_checkpoint_is_read(project: Path) -> None:
    voice = read_emotivoice(project)
    assert voice.checkpoint == project / CKPT / NAME
    assert (voice.config.tokens, voice.config.speakers, voice.config.latent, voice.vocoder_config.hop_length) == (9, 3, 5, 8)
    assert (voice.tokens[:2], voice.speakers, voice.emotions) == (("t0", "t1"), ("8051", "9017", "12787"), ("普通", "开心"))
    assert (voice.sample_rate, voice.licence) == (16000, "Apache-2.0")
    assert voice.acoustic.report.left_out == ("am.alignment_module.t_conv1.weight", "am.alignment_module.t_conv1.bias")
    assert (voice.acoustic.report.n_used, voice.vocoder.report.n_used) == (len(voice.acoustic.tensors), 16)
    assert voice.notes == ("exp has voices too (old): give the folder of one to read it",)


@torch.inference_mode()
def test_tensors_arrive_in_both_spellings(project: Path) -> None:
    given = plain()
    for path in (project, project / "exp/old"):
        acoustic, vocoder = read_emotivoice(path).nets()
        for name, tensor in vocoder.state_dict().items():
            assert torch.allclose(tensor, given[f"generator.{name}"], atol=1e-6), name
        first = acoustic.encoder.blocks[1].attention.query_key_value.bias
        assert torch.equal(first, torch.cat([given[f"am.encoder.encoders.1.self_attn.linear_{part}.bias"] for part in "qkv"]))
        assert acoustic.decoder.position_scale.item() == given["am.decoder.embed.0.alpha"].item()
        assert not acoustic.training


def speak(run: Run, token_ids: Any, speaker: Any, style: Any, content: Any, frames: Any = None) -> dict[str, Any]:
    """One sentence through the graphs: everything that is found on the way."""
    found = run("encoder", token_ids=token_ids[None], speaker=speaker[None], style=style[None], content=content[None])
    found["duration"] = whole_frames(found["log_duration"][0])
    weights = shares(found["duration"] if frames is None else frames)
    found |= run("decoder", hidden=found["hidden"], pitch=found["pitch"], energy=found["energy"], weights=weights)
    return found


@torch.inference_mode()
def test_the_graphs_compute_what_the_nets_do_at_three_lengths(project: Path) -> None:
    net, _ = read_emotivoice(project).nets()
    net.load_state_dict({name: tensor.half().float() for name, tensor in net.state_dict().items()})  # as a bundle stores it
    tensors = half_tensors(net)
    sessions = {graph.name: open_model(export_graph(graph), tensors) for graph in graphs(net)}
    rng = np.random.default_rng(0)
    for n in (2, 9, 31):
        ids = rng.integers(0, TOKENS, n)
        style, content = rng.normal(size=(2, PROMPT)).astype(np.float32)
        found = speak(lambda name, **given: sessions[name].run(given), ids, net.speaker.weight[1].numpy(), style, content)
        given = torch.from_numpy(ids)[None], torch.tensor([1]), torch.from_numpy(style)[None], torch.from_numpy(content)[None]
        latent = net(*given).numpy()
        assert found["latent"].shape == latent.shape == (1, LATENT, int(found["duration"].sum()))
        assert np.abs(found["latent"] - latent).max() < 2e-5, n


def test_a_voice_without_its_configuration_is_taken_to_have_the_published_sizes(copy: Path) -> None:
    shutil.rmtree(copy / "config")
    with pytest.raises(PortError, match="g_00000030: the tensors do not fit the net: "):
        read_emotivoice(copy)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"discriminator": {"w": torch.zeros(1)}, "optim_g": {}, "steps": 3}, "holds the discriminator and the optimizers"),
        ({"model": {"module.style_embed_proj.weight": torch.zeros(1)}}, "is the style encoder, which turns words into a prompt"),
        ({"model": {"x": torch.zeros(1)}}, "is no checkpoint of EmotiVoice: it has no 'generator' in it"),
        ([torch.zeros(1)], "is no checkpoint of EmotiVoice"),
        ({"generator": {"conv_pre.weight": torch.zeros(1)}}, "is a vocoder alone"),
        ({"generator": {"am.x.weight_g": torch.zeros(1)}}, "weight norm has one half of its pair alone"),
    ],
)
def test_wrong_files_are_named(value: Any, message: str, copy: Path) -> None:
    torch.save(value, copy / CKPT / NAME)
    with pytest.raises(PortError, match=message) as raised:
        read_emotivoice(copy / CKPT / NAME)
    assert "\n" not in str(raised.value)
    assert NAME in str(raised.value)


def test_every_tensor_that_does_not_fit_is_said(copy: Path) -> None:
    tensors = normed(plain(), *NEW)
    del tensors["am.to_mel.bias"]
    torch.save({"generator": tensors | {"am.postnet.weight": torch.zeros(3)}}, copy / CKPT / NAME)
    message = "1 missing: acoustic.latent.bias; 1 without a place: am.postnet.weight"
    with pytest.raises(PortError, match=message):
        read_emotivoice(copy)
    settings = copy / "config/joint/config.yaml"
    settings.write_text(settings.read_text("utf-8").replace("decoder_n_layers: 1", "decoder_n_layers: 2"), "utf-8")
    with pytest.raises(PortError, match=r"missing: .*decoder.blocks.1"):
        read_emotivoice(copy)


def test_lists_of_another_voice_are_refused(copy: Path) -> None:
    with (copy / "data/youdao/text/speaker2").open("a", encoding="utf-8") as file:
        file.write("65\n")
    with pytest.raises(PortError, match=r"knows 3 speakers, but .*speaker2 lists 4; they are of two voices"):
        read_emotivoice(copy)


def test_a_voice_that_was_trained_further_brings_its_speakers(copy: Path) -> None:
    tensors = normed(plain(), *NEW)
    tensors["am.spk_tokenizer.weight"] = torch.zeros(4, DIM)
    torch.save({"generator": tensors}, copy / "exp/old/ckpt/g_00000002")
    (copy / "exp/old/info").mkdir()
    shutil.copy(copy / "data/youdao/text/tokenlist", copy / "exp/old/info")
    (copy / "exp/old/info/speaker").write_text("8051\n9017\n12787\nmine\n", "utf-8")
    voice = read_emotivoice(copy / "exp/old")
    assert (voice.checkpoint.name, voice.config.speakers, voice.speakers[-1]) == ("g_00000002", 4, "mine")


def test_the_prompt_encoder_is_simbert_as_the_voice_knows_it(copy: Path) -> None:
    words = copy / "WangZeJun/simbert-base-chinese"
    words.mkdir(parents=True)
    sizes = {"vocab_size": 4, "hidden_size": 2, "num_hidden_layers": 0, "num_attention_heads": 1, "intermediate_size": 4}
    (words / "config.json").write_text(json.dumps(sizes | {"max_position_embeddings": 5}), "utf-8")
    (words / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\n开\n", "utf-8")
    stem = "module.bert.embeddings"
    tensors = {
        f"{stem}.{name}_embeddings.weight": torch.ones(n, 2) for name, n in (("word", 4), ("position", 5), ("token_type", 2))
    }
    tensors |= {f"{stem}.LayerNorm.weight": torch.ones(2), f"{stem}.LayerNorm.bias": torch.ones(2)}
    tensors |= {"module.bert.pooler.dense.weight": torch.eye(2), "module.bert.pooler.dense.bias": torch.zeros(2)}
    tensors |= {"module.emotion_clf.classifier.weight": torch.zeros(7, 2), "module.style_embed_proj.bias": torch.zeros(4)}
    (copy / "outputs/style_encoder/ckpt").mkdir(parents=True)
    torch.save({"model": tensors}, copy / "outputs/style_encoder/ckpt/checkpoint_163431")
    bert = read_prompt_encoder(copy)
    assert (bert.weights.name, bert.vocabulary[-1]) == ("checkpoint_163431", "开")
    assert bert.fitted.report.left_out == ("emotion_clf.classifier.weight", "style_embed_proj.bias")
    torch.testing.assert_close(bert.net()(torch.tensor([[1, 3, 2]])), torch.tanh(torch.ones(1, 2)))


CASES = ("happy", "sad")


@pytest.fixture(scope="module")
def original(golden: Any) -> Any:
    """Return the golden fixture and its voice, read as a user would give it: the folder of the project."""
    fixture = golden("emotivoice")
    return fixture, read_emotivoice(fixture.files)


def inputs(fixture: Any, case: str) -> list[Any]:
    """Token ids, speaker id and both prompts of a case."""
    given = [fixture.arrays[f"{case}.in.{name}"] for name in ("tokens", "speaker", "style", "content")]
    return [array.astype(np.int64) if array.dtype.kind == "i" else array for array in given]


def test_the_original_is_read_whole(original: Any) -> None:
    fixture, voice = original
    assert (len(voice.tokens), len(voice.speakers)) == (fixture.spec["net"]["n_vocab"], fixture.spec["net"]["n_speaker"])
    n_tensors = len(fixture.spec["tensors"]["generator"])
    n_aligner = sum(row[0].startswith("am.alignment_module.") for row in fixture.spec["tensors"]["generator"])
    assert len(voice.acoustic.report.left_out) == n_aligner == 10
    # Query, key and value are one tensor here, length and direction too.
    assert n_tensors - n_aligner == voice.acoustic.report.n_used + 2 * 2 * 8 + voice.vocoder.report.n_used + 78
    for case in CASES:
        words = fixture.spec["inputs"][case]
        assert token_ids(words["phonemes"].split(), voice.tokens).tolist() == inputs(fixture, case)[0].tolist()
        assert voice.speakers[inputs(fixture, case)[1]] == words["speaker"]


@torch.inference_mode()
@pytest.mark.parametrize("case", ["happy", pytest.param("sad", marks=pytest.mark.slow)])
def test_the_nets_answer_what_the_original_answers(original: Any, case: str) -> None:
    fixture, voice = original
    net, vocoder = voice.nets()
    tokens, speaker, style, content = (torch.from_numpy(array)[None] for array in inputs(fixture, case))
    encoded = net.encode(tokens)
    hidden = net.condition(encoded, net.speaker(speaker), style, content)
    log_duration, pitch, energy = net.predict(hidden)
    frames = durations(log_duration)
    weights = spread(frames)
    latent = net.decode(hidden, pitch, energy, weights)
    blocks: list[Any] = []
    for block in vocoder.resblocks:
        block.register_forward_hook(lambda _, __, out: blocks.append(out))
    wav = vocoder(latent)
    for name, answer in (
        ("enc_out", encoded), ("projected", hidden), ("pitch", pitch), ("energy", energy), ("log_duration", log_duration),
        ("duration", frames), ("upsampled", net.upsample(hidden, pitch, energy, weights)), ("latent", latent.transpose(1, 2)),
    ):  # fmt: skip
        fixture.check(f"{case}.{name}", answer[0])
    for stage in range(4):
        mean = sum(blocks[3 * stage : 3 * stage + 3])[0] / 3
        fixture.check(f"{case}.stage{stage}.head", mean[:, :24])
        fixture.check(f"{case}.stage{stage}.tail", mean[:, -24:])
    fixture.check(f"{case}.wav", wav[0])


@pytest.mark.slow
def test_the_graphs_answer_what_the_original_answers(original: Any) -> None:
    """With float32 weights within the same tolerance. In half precision, as bundles store them, a duration may round to the other
    side; with the original's durations the wave is off by 9e-4 at most, 60 dB below its level."""
    fixture, voice = original
    net, vocoder = voice.nets()
    full = {name: tensor.numpy() for name, tensor in (net.state_dict() | vocoder.state_dict()).items()}
    exact, half = {}, {}
    for graph in (*graphs(net), *vocoder_graphs(vocoder)):
        model = export_graph(graph)
        half[graph.name] = open_model(model, half_tensors(net) | half_tensors(vocoder))
        for initializer in model.graph.initializer:
            initializer.data_type = onnx.TensorProto.FLOAT
        exact[graph.name] = open_model(model, full)
    for case in CASES:
        tokens, speaker, style, content = inputs(fixture, case)
        given = tokens, full["speaker.weight"][speaker], style, content
        found = speak(lambda name, **given: exact[name].run(given), *given)
        for name in ("projected", "pitch", "energy", "log_duration"):
            fixture.check(f"{case}.{name}", found["hidden" if name == "projected" else name][0])
        fixture.check(f"{case}.duration", found["duration"])
        fixture.check(f"{case}.latent", found["latent"][0].T)
        fixture.check(f"{case}.wav", exact["vocoder"].run({"mel": found["latent"]})["wav"][0])
        frames = fixture.arrays[f"{case}.duration"].astype(np.int64)
        found = speak(lambda name, **given: half[name].run(given), *given, frames=frames)
        assert np.abs(found["duration"] - frames).max() <= 1
        wav = half["vocoder"].run({"mel": found["latent"]})["wav"][0]
        assert np.abs(wav - fixture.arrays[f"{case}.wav"]).max() < 2e-3


@pytest.mark.slow
def test_the_older_spelling_of_the_original_is_the_same_voice(original: Any) -> None:
    fixture, voice = original
    older = read_emotivoice(fixture.files / "exp/old_names")
    for ours, theirs in ((voice.acoustic, older.acoustic), (voice.vocoder, older.vocoder)):
        assert all(np.array_equal(tensor, theirs.tensors[name]) for name, tensor in ours.tensors.items())
