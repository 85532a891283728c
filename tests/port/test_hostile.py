"""Files that people give by mistake, and files that mean harm: each gets an answer of its own, and nothing is written or run."""

# ruff: noqa: E501 (a table reads better with a row in a line)

import bz2
import io
import json
import os
import pickle
import re
import struct
import tarfile
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from onnx import TensorProto, helper  # noqa: E402
from tests.port.tiny_graphs import MEL, vocoder_graph  # noqa: E402

from tingshuo.errors import ConfigError, EngineNotInstalledError, PortError  # noqa: E402
from tingshuo.port import importing, reading  # noqa: E402
from tingshuo.port.importing import import_checkpoint  # noqa: E402

pytestmark = pytest.mark.train
VOICE = Path(__file__).parents[2] / "src/tingshuo/voices/default"
Make = Callable[[Path], Any]


class Evil:
    """An object that runs a command when it is loaded."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


class Layer(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """A net that is saved whole."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)


def raw(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


def saved(value: Any, **options: Any) -> Make:
    return lambda path: torch.save(value() if callable(value) else value, path, **options)


def tensors(*names: str, around: str | None = None, shape: tuple[int, ...] = (1,), **beside: Any) -> Make:
    """A checkpoint whose tensors have these names, inside ``around`` if given."""
    inner = {name: torch.zeros(shape) for name in names}
    return saved((inner if around is None else {around: inner}) | beside)


def zipped(**files: bytes) -> Make:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name.replace("__", "/"), content)

    return make


def tarred(name: str, to: str | None = None) -> Make:
    def make(path: Path) -> None:
        with tarfile.open(path, "w") as archive:
            info = tarfile.TarInfo(name)
            if to is not None:
                info.type, info.linkname = tarfile.SYMTYPE, to
            archive.addfile(info, io.BytesIO())

    return make


def overlapping(path: Path) -> None:
    """A zip that lists the bytes of one file many times."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model0", bytes(1_000_000))
    content = path.read_bytes()
    place = content.rindex(b"PK\x01\x02")
    entry, end = content[place : content.rindex(b"PK\x05\x06")], bytearray(content[content.rindex(b"PK\x05\x06") :])
    entries = b"".join(entry.replace(b"model0", b"model%d" % n) for n in range(9))
    end[8:12], end[12:16] = struct.pack("<HH", 9, 9), struct.pack("<L", len(entries))
    path.write_bytes(content[:place] + entries + end)


def script(*lines: str) -> Make:
    """TorchScript without weights, whose program has these lines."""
    return zipped(
        **{"x__data.pkl": b"\x80\x02}.", "x__constants.pkl": b"\x80\x02}.", "x__code____torch__.py": "\n".join(lines).encode()}
    )


def sound(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(320))


def graph(*inputs: str, outside: str = "") -> Make:
    def make(path: Path) -> None:
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in (*inputs, "y")]
        weights = []
        if outside:
            weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
            weight.external_data.add(key="location", value=outside)
            weights.append(weight)
        nodes = [helper.make_node("Identity", ["w" if outside else inputs[0]], ["y"])]
        path.write_bytes(helper.make_model(helper.make_graph(nodes, "g", values[:-1], values[-1:], weights)).SerializeToString())

    return make


def folder(**files: Make | str) -> Make:
    def make(path: Path) -> None:
        path.mkdir()
        for name, content in files.items():
            file = path / name.replace("__", "/").replace("-", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                file.write_text(content)
            else:
                content(file)

    return make


def cut(make: Make, share: float) -> Make:
    """Write a file, then cut it."""

    def begin(path: Path) -> None:
        make(path)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return begin


WEIGHTS = {"a.weight": torch.zeros(400)}
HOSTILE: dict[str, tuple[Make, str]] = {
    # what is no model
    "nothing": (raw(b""), "is an empty file.*the download failed"),
    "a text": (raw("读我 read me\n".encode()), "is nothing that is known, not a model"),
    "a page instead of a file": (raw(b"<!DOCTYPE html><title>Sign in</title>"), "is a web page, not a model.*wanted a login"),
    "a pointer instead of a file": (raw(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "git lfs pull"),
    "a sound": (sound, "is nothing that is known, not a model"),
    "a picture": (raw(b"\x89PNG\r\n\x1a\n" + bytes(99)), "is nothing that is known"),
    "a language model": (raw(b"GGUF" + bytes(99)), "language model .GGUF."),
    "an archive of 7-Zip": (raw(b"7z\xbc\xaf\x27\x1c" + bytes(99)), "an archive.*unpack it"),
    "an archive of files": (zipped(readme=b"hello", notes=b"hello"), "holds nothing that looks like a model"),
    "an archive of one file": (zipped(readme=b"hello"), "readme: is nothing that is known, not a model"),
    "a tar that climbs out": (tarred("../../evil"), "'../../evil' is not a plain relative path"),
    "a tar with a link": (tarred("model.pth", to="/etc/passwd"), "'model.pth' is a symbolic link"),
    "a zip that climbs out": (zipped(**{"..__evil": b"x"}), "'../evil' is not a plain relative path"),
    "a bomb": (lambda path: path.write_bytes(bz2.compress(bytes(10_000_000))), "becomes more than 1032 times larger"),
    "a bomb of one file listed many times": (overlapping, "is damaged: the header of 'model8' is not what its directory says"),
    "an archive cut short": (cut(lambda path: path.write_bytes(bz2.compress(os.urandom(9000))), 0.5), "is cut short"),
    "an empty folder": (lambda path: path.mkdir(), "holds nothing that looks like a model"),
    "a folder of texts": (folder(notes="hello"), "holds nothing that looks like a model"),
    "no file at all": (lambda path: None, "there is no such file or folder"),
    "a link into nothing": (lambda path: path.symlink_to("nowhere"), "there is no such file or folder"),
    "a bundle of ours": (lambda path: path.symlink_to(VOICE), "is a bundle already"),
    # what means harm
    "a pickle that runs a command": (lambda path: path.write_bytes(pickle.dumps(Evil(os.system, "touch pwned"))), "it would run posix.system"),
    "a checkpoint that runs a command": (saved(lambda: {"model": Evil(os.system, "touch pwned")}), "it would run posix.system"),
    "a checkpoint that evaluates": (saved(lambda: {"a": Evil(eval, "1")}), "it would run builtins.eval"),
    "an old pickle that runs a command": (raw(b"cos\nsystem\n(S'touch pwned'\ntR."), "it would run os.system"),
    "an old checkpoint that runs a command": (
        saved(lambda: {"a": Evil(os.popen, "x")}, _use_new_zipfile_serialization=False), "it would run os.popen"),
    "a pickle that asks for all memory": (raw(b"\x80\x02Nr\xff\xff\xff\x7f."), "asks for more than a checkpoint needs"),
    "a pickle inside itself": (raw(b"\x80\x02]q\x00h\x00a."), "nested too deep"),
    # what is broken
    "a checkpoint cut short": (cut(saved(WEIGHTS), 0.6), "cannot be opened.*was cut short"),
    "a zip cut short": (raw(b"PK\x03\x04 cut"), "cannot be opened.*was cut short"),
    "safetensors that lie": (raw(struct.pack("<Q", 14) + b'{"a": 1, 2}   '), "is damaged"),
    "a graph cut short": (cut(graph("x"), 0.5), "nothing that is known"),
    # what holds code
    "a whole net": (saved(Layer), "holds whole objects.*state_dict"),
    "a program": (zipped(**{"x__data.pkl": b"\x80\x02}.", "x__code__net.py": b"", "x__constants.pkl": b"\x80\x02}."}), "program and weights .TorchScript."),
    "a SavedModel": (folder(**{"saved_model-pb": "x"}), "SavedModel"),
    "a TensorFlow Lite model": (raw(b"\x1c\0\0\0TFL3" + bytes(99)), "TensorFlow Lite model"),
    "a model of Kaldi": (raw(b"\0B<TransitionModel> "), "Kaldi|kaldi"),
    # the wrong file of the right system
    "an optimizer": (saved({"state": {}, "param_groups": []}), "optimizer.*going on with its training"),
    "HiFi-GAN's critics": (saved({"mpd": {"discriminators.0.convs.0.bias": torch.zeros(1)}, "msd": {}, "optim_g": {}}), "hifigan discriminator"),
    "RVC's critics": (tensors("discriminators.0.convs.0.bias", around="model", iteration=9), "rvc discriminator .D_"),
    "EmotiVoice's critics": (saved({"discriminator": {"discriminators.0.b": torch.zeros(1)}, "optim_g": {}}), "emotivoice discriminator"),
    "EmotiVoice's style encoder": (tensors("style_embed_proj.weight", "bert.x.weight", around="model"), "style encoder"),
    "an index of another use": (raw(b"IwFl" + bytes(60)), "index of vectors"),
    "a tracker of pitch": (tensors("unet.encoder.bn.weight", "fc.0.gru.weight"), "rmvpe tracker of pitch.*not a voice"),
    "an encoder of content": (tensors("feature_extractor.conv_layers.0.0.weight", "encoder.layers.0.fc1.weight"), "hubert encoder of content"),
    "a speaker encoder": (tensors("lstm.bias_hh_l0", "linear.weight", "similarity_weight", around="model_state"), "resemblyzer speaker encoder"),
    # systems that cannot be imported
    "Whisper": (tensors("encoder.conv1.weight", around="model_state_dict", dims={}), "whisper speech recogniser"),
    "GPT-SoVITS' language model": (tensors("model.ar_text_embedding.word_embeddings.weight", around="weight"), "gpt-sovits language model"),
    "GPT-SoVITS' acoustic model": (tensors("ssl_proj.weight", "quantizer.vq.x", around="weight"), "gpt-sovits acoustic model"),
    "Bert-VITS2": (tensors("enc_p.bert_proj.weight", around="model"), "bert-vits2 generator"),
    "BigVGAN": (tensors("conv_pre.bias", "ups.0.0.bias", "conv_post.bias", around="generator"), "bigvgan vocoder"),
    "a graph that nobody knows": (graph("x"), r"is a graph, not a model to import: takes x float32 \[1\] and gives y .* --contract new"),
    "tensors of nobody": (saved({"layer.weight": torch.zeros(2, 2)}), "tensors of no system that is known"),
    # a part without the rest
    "a list of voices alone": (folder(**{"voices-json": json.dumps({"voices": ["F7"]})}), "sambert list of voices|has no folder"),
    "Sambert without its settings": (tensors("text_encoder.sy_emb.weight", around="model"), "checkpoint_N.pth"),
    "EmotiVoice without its lists": (
        folder(g_00140000=tensors("am.encoder.embed.0.alpha", "generator.conv_pre.bias", around="generator")), "no lists of tokens and speakers"),
}  # fmt: skip


@pytest.fixture
def _no_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importing, "run_reading", reading.read)  # whose process begins by importing torch


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.usefixtures("_no_leak")
def test_each_gets_its_own_answer(name: str, tmp_path: Path) -> None:
    make, message = HOSTILE[name]
    given = tmp_path / "G_2333333.pth"
    make(given)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(PortError) as raised:
        import_checkpoint(given, tmp_path / "made")
    said = str(raised.value)
    assert re.search(message, said), said
    assert "\n" not in said
    assert given.name in said
    assert sorted(path.name for path in tmp_path.iterdir()) == before  # nothing made, nothing run


VOCODER: dict[str, Any] = {"task": "vocoder", "mel": MEL}
CALLED = VOCODER | {"calls": {"inputs": [{"name": "x", "dtype": "float32", "shape": [1, "T"]}], "outputs": ["y"]}}
HIFIGAN = {"family": "vocoder+hifigan", "mel": {}, "architecture": {}}


def told(**changes: Any) -> Make:
    return lambda path: path.write_bytes(vocoder_graph(**changes).SerializeToString())


LIES: dict[str, tuple[Make, str, dict[str, Any] | str, str]] = {
    # graphs, with --contract
    "weights in the folder above": (graph("x", outside="../weights.bin"), "contract", VOCODER, "'../weights.bin', which is not in its folder"),
    "weights anywhere": (graph("x", outside="/etc/passwd"), "contract", VOCODER, "'/etc/passwd', which is not in its folder"),
    "weights in memory": (graph("x", outside="*/_ORT_MEM_ADDR_/*"), "contract", VOCODER, "which is not in its folder"),
    "weights that are not there": (graph("x", outside="weights.bin"), "contract", VOCODER, "weights.bin: is missing"),
    "a library's operators": (told(domain="my.company"), "contract", VOCODER, "operators that are not of ONNX: my.company:Fancy"),
    "a graph cut short": (cut(told(), 0.5), "contract", VOCODER, "is unknown, and a contract may be of|is no ONNX graph"),
    "a text as a graph": (raw(b"hello"), "contract", VOCODER, "is text, and a contract may be of: onnx"),
    "noise inside": (told(draws=True), "contract", VOCODER, "draws random numbers"),
    "one length only": (told(frames=64), "contract", VOCODER, "always has 64 frames"),
    # contracts that lie
    "other bands": (told(), "contract", VOCODER | {"mel": {**MEL, "n_mels": 80}, "layout": "bmf"}, "has 80 bands, and the graph's 'spec' has 20"),
    "another hop": (told(), "contract", VOCODER | {"mel": {**MEL, "hop_length": 4}}, "where a hop_length of 4 makes 196"),
    "an input that is not there": (told(), "contract", VOCODER | {"inputs": {"mel": "x"}}, "the graph has no input 'x'; it has: spec"),
    "no context": (told(), "contract", VOCODER | {"context_frames": 0}, "context_frames: says 0"),
    "another task": (told(), "contract", {"task": "conversion"}, "conversion by a graph is not supported"),
    "a file outside": (told(), "contract", VOCODER | {"graphs": {"vocoder": "../../etc/passwd"}}, "is not a path in the folder"),
    "keys of another world": (told(), "contract", VOCODER | {"speakers": 3}, "there is no key 'speakers'; accepted: task, name"),
    # contracts that mean harm
    "YAML that makes objects": (told(), "contract", "task: !!python/object/apply:os.system ['touch pwned']", "could not determine a constructor"),
    "YAML that never ends": (told(), "contract", "a: &a [1]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases .* are not read"),
    "a contract as large as a model": (told(), "contract", "#" * (5 << 20), "is not what it should be"),
    # programs
    "a module that maps a file": (script("y = torch.from_file('pwned', True, 9)"), "contract", CALLED, "calls torch.from_file, which reads or writes"),
    "a module that saves": (script("torch.save(x, 'pwned')"), "contract", CALLED, "calls torch.save, which reads or writes"),
    "a module of a library": (script("ops.torchaudio.sox_io_save_audio_file(x)"), "contract", CALLED, "of a library that is not here"),
    "a module without its calls": (script(""), "contract", VOCODER, "calls: does not say how"),
    "a SavedModel without its environment": (folder(**{"saved_model-pb": "x"}), "contract", VOCODER, "tingshuo env make tensorflow"),
    # weights, with --config
    "weights of nobody": (saved({"layer.weight": torch.zeros(2, 2)}), "config", HIFIGAN, "has no tensor of this net"),
    "weights that run a command": (saved(lambda: {"a": Evil(os.system, "touch pwned")}), "config", HIFIGAN, "it would run posix.system"),
    "a graph as weights": (told(), "config", HIFIGAN, "is onnx, and --config is for weights: .* --contract"),
    "a family of nobody": (saved(WEIGHTS), "config", {"family": "tacotron"}, "the family 'tacotron' has no nets of ours"),
    "sizes that are no sizes": (saved(WEIGHTS), "config", HIFIGAN | {"architecture": {"hifigan.channels": "many"}}, "Expected `int`"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
@pytest.mark.usefixtures("_no_leak", "in_process")
def test_what_is_told_of_a_model_is_believed_in_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, how, content, message = LIES[name]
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    given, description = tmp_path / "given", tmp_path / "told.yaml"
    make(given)
    description.write_text(content if isinstance(content, str) else json.dumps(content))
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises((PortError, ConfigError, EngineNotInstalledError)) as raised:
        import_checkpoint(given, tmp_path / "made", **{how: description})  # type: ignore[arg-type]
    said = str(raised.value)
    assert re.search(message, said), said
    assert "\n" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_there_are_seventy_of_them() -> None:
    assert len(HOSTILE) + len(LIES) >= 70
