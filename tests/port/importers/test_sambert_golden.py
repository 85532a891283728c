"""A voice of KAN-TTS answers as the original does, stage by stage, from the files that the original would have written.

The tolerances are those of the fixtures: ten times what single precision costs the original itself.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("yaml")

import onnx  # noqa: E402

from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig  # noqa: E402
from tingshuo.models.kan_hifigan.graphs import graphs as vocoder_graphs  # noqa: E402
from tingshuo.models.kan_hifigan.net import KanHiFiGan  # noqa: E402
from tingshuo.models.layers.graph import Graph  # noqa: E402
from tingshuo.models.sambert.graphs import graphs as sambert_graphs  # noqa: E402
from tingshuo.models.sambert.net import Sambert  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.importers.sambert import SambertVoice, read_vocoder, read_voice  # noqa: E402
from tingshuo.port.importers.sambert_files import Part, find_voices, read_yaml  # noqa: E402
from tingshuo.port.verify import open_model, reference_outputs  # noqa: E402
from tingshuo.tasks.sambert import loop, source  # noqa: E402

pytestmark = pytest.mark.train
Arrays = Mapping[str, NDArray[Any]]
GOLDEN = Path(__file__).parents[4] / "shared" / "golden"


class Eager:
    """A graph that is its torch module."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def run(self, inputs: Arrays) -> dict[str, NDArray[Any]]:
        return reference_outputs(self.graph, inputs)


class Watch:
    """Outputs of modules of a net, by the names that the fixture gives them."""

    def __init__(self, modules: Mapping[str, Any]) -> None:
        self.seen: dict[str, list[NDArray[Any]]] = {name: [] for name in modules}
        self.hooks = [module.register_forward_hook(self._note(name)) for name, module in modules.items()]

    def _note(self, name: str) -> Callable[..., None]:
        def note(_module: Any, _inputs: Any, output: Any) -> None:
            self.seen[name].append((output[0] if isinstance(output, tuple) else output).numpy())

        return note

    def take(self, name: str) -> NDArray[Any]:
        """Return what a module answered, one row a call where there were several; without the batch."""
        return np.concatenate(self.seen[name]) if len(self.seen[name]) > 1 else self.seen[name][0][0]

    def close(self) -> None:
        for hook in self.hooks:
            hook.remove()


@pytest.fixture(scope="module")
def original(golden: Callable[..., Any]) -> tuple[Any, SambertVoice]:
    """Return the fixture of the acoustic model, and its voice as imported from the rebuilt files."""
    fixture = golden("sambert_16k", "kan_hifigan_16k")
    (files,) = find_voices(fixture.files)
    return fixture, read_voice(files)


def sentence_of(arrays: Arrays, case: str, voice: SambertVoice) -> dict[str, NDArray[Any]]:
    """Return the inputs of the encoder graph: rows of emotion and speaker are looked up before it."""
    rows = {name: arrays[f"{case}.in.{name}"][None].astype(np.int64) for name in ("ling", "emotion", "speaker")}
    tables = {name: voice.acoustic.tensors[f"{name}.weight"][rows[name]] for name in ("emotion", "speaker")}
    return {"ids": rows["ling"], **tables}


@pytest.mark.parametrize("case", ["neutral", "happy"])
def test_the_acoustic_model_answers_as_the_original(original: tuple[Any, SambertVoice], case: str) -> None:
    fixture, voice = original
    config = voice.acoustic.config
    assert (voice.acoustic.report.n_used, voice.vocoder.report.n_used, config.tables) == (393, 212, (147, 10, 8, 8))
    net = voice.acoustic.fill(Sambert(config))
    decoder = net.decoder
    watch = Watch({"enc_layer0": net.encoder.blocks[0], "enc_out": net.encoder, "log_duration": net.duration,
                   "step_prenet": decoder.prenet, "step_pnca_first": decoder.blocks[0],
                   "step_pnca_last": decoder.blocks[-1]})  # fmt: skip
    graphs = {graph.name: Eager(graph) for graph in sambert_graphs(net)}
    laid = loop.plan(graphs, config.sizes, sentence_of(fixture.arrays, case, voice))
    frames = list(loop.decode(graphs, config.sizes, laid))
    watch.close()
    answers = {name: watch.take(name) for name in watch.seen}
    answers |= {
        "log_duration": answers["log_duration"].reshape(-1),
        "pitch": laid.pitch,
        "energy": laid.energy,
        "duration": laid.durations,
        "n_frames": laid.n_frames,
        "band": laid.band,
        "lr_text": laid.text[:, :96].reshape(-1, 32),
        "mel_decoder": np.concatenate(frames)[: laid.n_frames],
        "mel": np.concatenate(list(loop.finish(graphs, config.sizes, frames, laid.n_frames, 60))),
    }
    check_all(fixture, case, answers)


def vocoder_answers(net: Any, mel: NDArray[Any], sines: NDArray[Any] | None) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield every stage as the fixture stores it: whole, or its head and tail."""
    watch = Watch({"conv_pre": net.conv_pre, "pre_tanh": net.conv_post} | {f"stage{n}": s for n, s in enumerate(net.stages)})
    inputs = [torch.from_numpy(np.ascontiguousarray(x[None])) for x in (mel.T, sines) if x is not None]
    with torch.inference_mode():
        wav = net(*inputs)[0].numpy()
        excitation = net.excite(inputs[1])[0, 0].numpy() if sines is not None else None
    watch.close()
    yield "conv_pre", watch.take("conv_pre")
    yield "wav", wav
    parts = {name: watch.take(name) for name in watch.seen if name != "conv_pre"}
    parts["pre_tanh"] = parts["pre_tanh"][0]
    for name, answer in (parts | ({} if excitation is None else {"excitation": excitation})).items():
        shown = 32 if name.startswith("stage") else 400
        yield f"{name}.head", answer[..., :shown]
        yield f"{name}.tail", answer[..., -shown:]


def check_all(fixture: Any, case: str, answers: Arrays) -> None:
    """Compare every answer that the fixture stores for a case."""
    stored = {name.removeprefix(f"{case}.") for name in fixture.arrays if name.startswith(f"{case}.") and ".in." not in name}
    assert stored == answers.keys()
    for name, answer in answers.items():
        fixture.check(f"{case}.{name}", answer)


@pytest.mark.parametrize("case", ["smooth", "chain"])
def test_the_vocoder_answers_as_the_original(original: tuple[Any, SambertVoice], golden: Callable[..., Any], case: str) -> None:
    fixture, vocoder = golden("kan_hifigan_16k"), original[1].vocoder
    assert vocoder.config == KanHiFiGanConfig()
    net = vocoder.fill(KanHiFiGan(vocoder.config))
    check_all(fixture, case, dict(vocoder_answers(net, fixture.arrays[f"{case}.in.mel"], None)))


@pytest.fixture(scope="module")
def original_source(golden: Callable[..., Any]) -> tuple[Any, KanHiFiGan]:
    """Return the fixture of the vocoder with a source, and the net."""
    fixture = golden("kan_hifigan_nsf_16k")
    folder = fixture.files / "voices" / "F7" / "voc"
    imported = read_vocoder(Part(folder, folder / "ckpt" / "checkpoint_2400000.pth", read_yaml(folder / "config.yaml")))
    assert (imported.config.harmonics, imported.config.causal) == (8, False)
    return fixture, imported.fill(KanHiFiGan(imported.config))


def draws(spec: Mapping[str, Any], case: str, samples: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the numbers that stand for random ones in the fixture, as its ``inputs`` tell."""
    if case == "silent":
        return np.zeros(8, np.float32), np.zeros((8, samples), np.float32)
    described = importlib.util.spec_from_file_location("make_weights", GOLDEN / "make_weights.py")
    assert described is not None
    assert described.loader is not None
    maker = importlib.util.module_from_spec(described)
    described.loader.exec_module(maker)
    phases = (np.pi / 3.5 * maker.unit(f"nsf.phase{spec['salt']}", [1, 8, 1])).astype(np.float32)[0, :, 0]
    phases[0] = 0
    return phases, (0.003 * maker.unit(f"nsf.noise{spec['salt']}", [1, 8, samples])).astype(np.float32)[0]


@pytest.mark.parametrize("case", ["silent", "noisy"])
def test_the_vocoder_with_a_source_answers_as_the_original(original_source: tuple[Any, KanHiFiGan], case: str) -> None:
    fixture, net = original_source
    given = fixture.arrays[f"{case}.in.mel"]
    f0, voiced = given[:, 80], given[:, 81] >= source.VOICED
    sines, _ = source.make_sines(f0, voiced, 16000, 200, *draws(fixture.spec, case, 200 * len(given)))
    check_all(fixture, case, dict(vocoder_answers(net, given[:, :80], sines)))


def test_f0_is_read_as_by_the_original(original_source: tuple[Any, KanHiFiGan]) -> None:
    fixture, _ = original_source
    columns = fixture.arrays["denorm.in.last2"]
    answers = {"mean_std": source.read_f0(columns, 47.25, 181.5), "global": source.read_f0(columns, 700, 30)}
    check_all(fixture, "denorm", {name: np.stack(answer, 1) for name, answer in answers.items()})


def opened(graph: Graph, net: Any) -> tuple[Any, Any]:
    """Export a graph and open it, with the weights as they are and rounded to half precision as a bundle has them."""
    model = export_graph(graph)
    half = open_model(model, half_tensors(net))
    for initializer in model.graph.initializer:
        initializer.data_type = onnx.TensorProto.FLOAT
    return open_model(model, {name: tensor.numpy() for name, tensor in net.state_dict().items()}), half


@pytest.mark.slow
def test_graphs_of_full_size_answer_as_the_original(original: tuple[Any, SambertVoice], golden: Callable[..., Any]) -> None:
    """With single weights the fixtures' tolerance holds; half ones are off by 1e-3, and can move a duration by a frame."""
    (fixture, voice), waves = original, golden("kan_hifigan_16k")
    net = voice.acoustic.fill(Sambert(voice.acoustic.config))
    vocoder = voice.vocoder.fill(KanHiFiGan(voice.vocoder.config))
    parts = [(graph, net) for graph in sambert_graphs(net)] + [(graph, vocoder) for graph in vocoder_graphs(vocoder)]
    both = {graph.name: opened(graph, of) for graph, of in parts}
    answers = []
    for graphs in ({name: pair[n] for name, pair in both.items()} for n in (0, 1)):
        mel = loop.speak(graphs, voice.acoustic.config.sizes, sentence_of(fixture.arrays, "neutral", voice))
        wav = graphs["vocoder"].run({"mel": np.ascontiguousarray(waves.arrays["chain.in.mel"].T[None])})["wav"][0]
        answers.append((mel, wav))
    (mel, wav), (half_mel, half_wav) = answers
    fixture.check("neutral.mel", mel)
    waves.check("chain.wav", wav)
    np.testing.assert_allclose(half_mel, mel, atol=4e-3)
    np.testing.assert_allclose(half_wav, wav, atol=4e-3)
