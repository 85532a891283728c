"""A voice is read as it was written, in every layout and spelling; its graphs compute what its nets do; a wrong file is named."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("yaml")

import onnx  # noqa: E402
from tests.port.tiny_sambert import ACOUSTIC, CAUSAL, NOISY, POSITIONS, SPELLINGS, random_net, write_voice  # noqa: E402

from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.kan_hifigan.graphs import graphs as vocoder_graphs  # noqa: E402
from tingshuo.models.kan_hifigan.net import KanHiFiGan  # noqa: E402
from tingshuo.models.layers.graph import Graph  # noqa: E402
from tingshuo.models.sambert.graphs import graphs as sambert_graphs  # noqa: E402
from tingshuo.models.sambert.net import Sambert  # noqa: E402
from tingshuo.port.export import export_graph  # noqa: E402
from tingshuo.port.foreign import checkpoint  # noqa: E402
from tingshuo.port.foreign.child import write_values  # noqa: E402
from tingshuo.port.foreign.torch_files import read_torch_file  # noqa: E402
from tingshuo.port.importers.sambert import read_voice  # noqa: E402
from tingshuo.port.importers.sambert_files import find_voices  # noqa: E402
from tingshuo.port.verify import open_model, reference_outputs  # noqa: E402

pytestmark = pytest.mark.train
Arrays = Mapping[str, NDArray[Any]]


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files here instead of in a process of their own, which is tested elsewhere and takes half a second."""
    monkeypatch.setattr(checkpoint, "_run_child", lambda path, folder: write_values(read_torch_file(path), path, folder))


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    return random_net(Sambert, ACOUSTIC), random_net(KanHiFiGan, CAUSAL)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_voice_is_read_as_it_was_written(tmp_path: Path, tiny: tuple[Any, Any], spelling: str) -> None:
    write_voice(tmp_path / "anna", *tiny, spelling)
    (tmp_path / "README.md").write_text("---\ntasks:\n- text-to-speech\nlicense: Apache License 2.0\n---\nlicense: none\n")
    voice = read_voice(find_voices(tmp_path / "anna")[0])
    assert (voice.name, voice.acoustic.config, voice.vocoder.config, voice.acoustic.steps) == ("anna", ACOUSTIC, CAUSAL, 9)
    for imported, net in zip((voice.acoustic, voice.vocoder), tiny, strict=True):
        state = net.state_dict()
        assert imported.tensors.keys() == state.keys()
        assert imported.report.n_used == len(state)
        for name, tensor in imported.tensors.items():
            np.testing.assert_allclose(tensor, state[name], rtol=1e-5, atol=1e-7, err_msg=name)
    assert voice.acoustic.report.left_out == (
        "optimizer", "scheduler", "text_encoder.ling_enc.position_enc.position_enc",
        "variance_adaptor.dur_position_encoder.inv_timescales", "align_attention.key_proj.0.conv.weight",
    )  # fmt: skip
    assert voice.vocoder.report.left_out == ("optimizer", "scheduler", "model.discriminator")
    assert (voice.audio.sample_rate, voice.licence) == (16000, "Apache License 2.0")
    assert (voice.vocabulary.speakers, voice.vocabulary.has_mask, voice.reads_bytes) == (("F7", "M7"), True, False)
    assert (voice.speaker_vector, voice.f0) == (None, None)


@pytest.mark.usefixtures("in_process")
def test_variants_with_vectors_f0_bytes_and_without_the_mask(tmp_path: Path) -> None:
    vocoder = random_net(KanHiFiGan, NOISY)
    sizes = ACOUSTIC.replace(mels=8, tables=(146, 9, 7, 7), emotions=35, speakers=4)
    voice_of = {"vector": sizes.replace(speakers=0), "bytes": sizes.replace(tables=(258,))}
    changes = {"vector": {"SE": True, "nsf_norm_type": "global"}, "bytes": {"using_byte": True}}
    voices = {}
    for name, config in voice_of.items():
        folder = write_voice(tmp_path / name, random_net(Sambert, config), vocoder, **changes[name])
        np.save(folder / "am" / "mvn.npy", np.array([[181.5], [47.25]]))
        np.save(folder / "am" / "se.npy", np.arange(3.0)[None])
        voices[name] = read_voice(find_voices(folder)[0])
        assert voices[name].acoustic.config == config
        assert not voices[name].vocabulary.has_mask
    vector, by_bytes = voices["vector"], voices["bytes"]
    assert vector.speaker_vector is not None
    assert vector.speaker_vector.tolist() == [0, 1, 2]
    assert vector.f0 is not None
    assert (vector.f0.scale, vector.f0.offset) == (700, 30)
    assert by_bytes.reads_bytes
    assert by_bytes.f0 is not None
    assert (by_bytes.f0.scale, by_bytes.f0.offset) == (47.25, 181.5)
    (tmp_path / "vector" / "am" / "se.npy").unlink()
    with pytest.raises(PortError, match=r"am/se\.npy: is missing, and the voice needs it: the vector of its speaker"):
        read_voice(find_voices(tmp_path / "vector")[0])
    np.save(tmp_path / "bytes" / "am" / "mvn.npy", np.array([None], object))
    with pytest.raises(PortError, match=r"mvn\.npy: cannot be read as an array of numbers"):
        read_voice(find_voices(tmp_path / "bytes")[0])


def swap_checkpoints(folder: Path) -> None:
    first, second = (folder / part / "ckpt" / "checkpoint_9.pth" for part in ("am", "voc"))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def resave(folder: Path, part: str, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / part / "ckpt" / "checkpoint_9.pth"
    torch.save(change(torch.load(path, weights_only=True)), path)


def without(content: dict[str, Any], name: str) -> dict[str, Any]:
    return content | {"model": {key: value for key, value in content["model"].items() if key != name}}


def having(content: dict[str, Any], **tensors: Any) -> dict[str, Any]:
    return content | {"model": content["model"] | tensors}


def edit(folder: Path, part: str, old: str, new: str) -> None:
    path = folder / part / "config.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


AM, VOC = "am", "voc"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (swap_checkpoints, r"checkpoint_9\.pth: is of a vocoder, and the acoustic model's is wanted in am"),
        (lambda f: resave(f, AM, lambda c: {"optimizer": c["optimizer"]}), "has no model, only optimizer; training wrote"),
        (lambda f: resave(f, VOC, lambda c: without(c, "generator")), "it is of a discriminator alone"),
        (lambda f: resave(f, VOC, lambda c: {"model": {"conv": torch.ones(1)}}), "it is of an acoustic model"),
        (lambda f: resave(f, AM, lambda c: having(c, extra=torch.ones(1))), "1 without a place: extra; is .*config.yaml the one"),
        (lambda f: resave(f, AM, lambda c: without(c, "mel_postnet.fc.bias")), "1 missing: postnet.out.bias"),
        (lambda f: resave(f, AM, lambda c: without(c, "spk_tokenizer.weight")), "has no spk_tokenizer.weight"),
        (lambda f: resave(f, AM, lambda c: having(c, **{POSITIONS: torch.ones(1, 9, 12)})), "is not what KAN-TTS makes it"),
        (lambda f: edit(f, VOC, "kernel_size: 7", "kernel_size: 5"), "of another shape: conv_pre.weight is"),
        (lambda f: edit(f, AM, "F7,M7", "F7"), "is not the vocabulary of PinYin for the speakers F7"),
        (lambda f: edit(f, AM, "speaker_list: F7,M7", "x: 1"), "has no linguistic_unit with a speaker_list"),
        (
            lambda f: edit(f, AM, "speaker_list:", "language: ZhHK\n  speaker_list:"),
            "for ZhHK, which is not supported; PinYin is",
        ),
        (lambda f: edit(f, VOC, "rate: 16000", "rate: 24000"), "is for 16000 Hz and frames of 20 samples, the vocoder for 24000"),
        (lambda f: [edit(f, part, "length: 20", "length: 25") for part in (AM, VOC)], "25 samples, the vocoder makes 20"),
    ],
)
@pytest.mark.usefixtures("in_process")
def test_a_wrong_file_is_named(tmp_path: Path, tiny: tuple[Any, Any], spoil: Callable[[Path], Any], message: str) -> None:
    write_voice(tmp_path, *tiny)
    spoil(tmp_path)
    with pytest.raises(PortError, match=message):
        read_voice(find_voices(tmp_path)[0])


@pytest.mark.usefixtures("in_process")
def test_parts_that_do_not_fit_each_other_are_refused(tmp_path: Path, tiny: tuple[Any, Any]) -> None:
    write_voice(tmp_path, tiny[0], random_net(KanHiFiGan, NOISY))
    with pytest.raises(PortError, match="the acoustic model makes 6 columns, the vocoder wants 8"):
        read_voice(find_voices(tmp_path)[0])


class Joined(torch.nn.Module):
    """Several graphs as one, since the exporter takes seconds for each however small it is."""

    def __init__(self, nets: Mapping[str, Any], graphs: Sequence[Graph]) -> None:
        super().__init__()
        self.net = torch.nn.ModuleDict(nets)
        self.graphs = tuple(graphs)

    def forward(
        self, ids, emotions, speakers, last, symbol, hidden, cell, text, frame, row, past, ahead, frames, made, around, h, c, mel,
        sines
    ):  # fmt: skip
        """Give each graph its inputs, in the order of the graphs and of their inputs."""
        given = [(ids, emotions, speakers), (last, symbol, hidden, cell), (text,), (frame, row, past, ahead), (frames,),
                 (made, around, h, c), (mel, sines)]  # fmt: skip
        results = [graph.module(*inputs) for graph, inputs in zip(self.graphs, given, strict=True)]
        return tuple(x for result in results for x in ((result,) if isinstance(result, torch.Tensor) else result))

    def graph(self) -> Graph:
        inputs = {f"{graph.name}.{name}": example for graph in self.graphs for name, example in graph.inputs.items()}
        free = {f"{graph.name}.{name}": axes for graph in self.graphs for name, axes in _apart(graph).items()}
        return Graph("all", self, inputs, free, tuple(f"{graph.name}.{name}" for graph in self.graphs for name in graph.outputs))


def _apart(graph: Graph) -> dict[str, dict[int, str]]:
    """Return free dimensions with names that no other graph has."""
    return {name: {axis: f"{dim}_{graph.name}" for axis, dim in axes.items()} for name, axes in graph.free.items()}


def sized(graph: Graph, size: int) -> dict[str, NDArray[Any]]:
    """Return inputs of a graph whose free dimensions are ``size``, those of the past one less."""
    rng = np.random.default_rng(size)
    made: dict[str, NDArray[Any]] = {}
    for name, example in graph.inputs.items():
        free = graph.free.get(name, {})
        shape = [size - free[n].startswith("P") if n in free else length for n, length in enumerate(example.shape)]
        is_number = example.dtype.is_floating_point
        made[name] = rng.standard_normal(shape, np.float32) if is_number else rng.integers(0, 3, shape)
    return made


def test_graphs_compute_what_the_nets_do_at_any_length() -> None:
    few = {"encoder_layers": 1, "decoder_layers": 1, "predictor_layers": 1, "postnet_layers": 1}
    acoustic = random_net(Sambert, ACOUSTIC.replace(**few))
    vocoder = random_net(KanHiFiGan, NOISY.replace(block_kernels=(3,), block_dilations=((3,),)))
    joined = Joined({"acoustic": acoustic, "vocoder": vocoder}, (*sambert_graphs(acoustic), *vocoder_graphs(vocoder)))
    graph = joined.graph()
    model = export_graph(graph)
    for initializer in model.graph.initializer:  # weights as they are, not rounded to half precision as those of a bundle
        initializer.data_type = onnx.TensorProto.FLOAT
    session = open_model(model, {name: tensor.numpy() for name, tensor in joined.net.state_dict().items()})
    for size in (1, 4, 23):
        inputs = sized(graph, size)
        answers = session.run(inputs)
        for name, expected in reference_outputs(graph, inputs).items():
            np.testing.assert_allclose(answers[name], expected, rtol=1e-5, atol=2e-5, err_msg=f"{name} {size}")
