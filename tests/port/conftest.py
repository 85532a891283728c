"""A tiny voice with random weights, exported once for all tests of the room."""

import pytest


@pytest.fixture(scope="session")
def tiny():
    """Config and nets of a voice that is complete but says nothing."""
    torch = pytest.importorskip("torch")
    from tingshuo.config import MelConfig, SpeakerConfig, StyleConfig, VoiceConfig
    from tingshuo.models.fastspeech.config import FastSpeechConfig
    from tingshuo.models.fastspeech.net import FastSpeech
    from tingshuo.models.source_filter.config import SourceFilterConfig
    from tingshuo.models.source_filter.net import SourceFilter
    from tingshuo.port.nets import VoiceNets, architecture, voice_family
    from tingshuo.port.voice import contexts
    from tingshuo.text.symbols import PHONES

    torch.manual_seed(0)
    sizes = {"dim": 16, "heads": 2, "encoder_layers": 1, "encoder_hidden": 24, "decoder_dim": 12, "decoder_hidden": 20}
    few = {"duration_layers": 1, "pitch_layers": 1, "decoder_layers": 1}
    acoustic = FastSpeechConfig(phonemes=len(PHONES), styles=2, speakers=1, **sizes, **few)
    vocoder = SourceFilterConfig(dim=16, hidden=24, layers=1)
    config = VoiceConfig(
        family=voice_family(vocoder),
        mel=MelConfig(),
        phonemes=tuple(PHONES),
        speakers=(SpeakerConfig(name="a", gender="female", log_f0_mean=5.3, log_f0_std=0.2),),
        styles=tuple(StyleConfig(name=name, description="") for name in "xy"),
        architecture=architecture(acoustic, vocoder),
        **contexts(acoustic, vocoder),
    )
    return config, VoiceNets(FastSpeech(acoustic).eval(), SourceFilter(vocoder).eval())


@pytest.fixture(scope="session")
def graphs(tiny):
    """Graph name to what the family hands to the exporter."""
    from tingshuo.port.voice import voice_graphs

    return voice_graphs(tiny[1])


@pytest.fixture(scope="session")
def exported(graphs):
    """Graph name to the graph as exported."""
    from tingshuo.port.export import export_graph

    return {name: export_graph(graph) for name, graph in graphs.items()}


@pytest.fixture(scope="session")
def tensors(tiny):
    """Half-precision tensors of both nets by name."""
    from tingshuo.port.export import half_tensors

    return half_tensors(tiny[1].acoustic) | half_tensors(tiny[1].vocoder)


@pytest.fixture(scope="session")
def inputs(graphs):
    """Graph name to inputs of 23 frames or phonemes."""
    import numpy as np

    rng = np.random.default_rng(0)
    made = {}
    for name, graph in graphs.items():
        made[name] = {}
        for key, example in graph.inputs.items():
            shape = [23 if axis in graph.free.get(key, {}) else size for axis, size in enumerate(example.shape)]
            integers = example.dtype.is_floating_point is False
            made[name][key] = rng.integers(0, 3, shape) if integers else rng.standard_normal(shape, dtype=np.float32)
    made["vocoder"]["f0"] = np.full((1, 23), 210, np.float32)
    return made


@pytest.fixture
def in_process(monkeypatch):
    """Read a stranger's files here instead of in processes of their own, which are tested elsewhere and take seconds."""
    pytest.importorskip("torch")
    from tingshuo.port import importing, reading
    from tingshuo.port.foreign import checkpoint
    from tingshuo.port.foreign.child import write_values
    from tingshuo.port.foreign.torch_files import read_torch_file

    monkeypatch.setattr(importing, "run_reading", reading.read)
    monkeypatch.setattr(checkpoint, "_run_child", lambda path, folder: write_values(read_torch_file(path), path, folder))


@pytest.fixture(scope="session")
def foreign(tmp_path_factory):
    """Return the folder of a tiny voice as another system leaves it, by its name; not to be changed."""
    pytest.importorskip("torch")
    from tests.port.tiny_bundles import WRITERS

    made = {}

    def get(name):
        if name not in made:
            made[name] = WRITERS[name](tmp_path_factory.mktemp("foreign") / name)
        return made[name]

    return get


@pytest.fixture
def quickly(monkeypatch, imported, in_process):
    """Let a voice that was imported once be imported again with the graphs that were exported then, by its name."""
    from tests.port.tiny_bundles import graphs_of

    from tingshuo.port import draft_folder

    return lambda name: monkeypatch.setattr(draft_folder, "export_structures", graphs_of(imported(name)))
