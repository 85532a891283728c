"""Each family: graph against net at three lengths, in the precisions it has, as a stream, and as a part of a bundle."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.config import VoiceConfig  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.models.hifigan.config import LIGHT, V2, HiFiGanConfig  # noqa: E402
from tingshuo.models.hifigan.net import HiFiGan, add_weight_norm  # noqa: E402
from tingshuo.models.source_filter.config import SourceFilterConfig  # noqa: E402
from tingshuo.models.source_filter.net import SourceFilter  # noqa: E402
from tingshuo.models.vocos.config import VocosConfig  # noqa: E402
from tingshuo.models.vocos.net import Vocos  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.nets import VoiceNets, architecture, load_nets, voice_family  # noqa: E402
from tingshuo.port.optimize import optimize  # noqa: E402
from tingshuo.port.quantize import observe, quantize  # noqa: E402
from tingshuo.port.variants import build_variants  # noqa: E402
from tingshuo.port.verify import FP32_DB, LIMITS_DB, compare, open_model, reference_outputs  # noqa: E402
from tingshuo.port.vocoders import FAMILIES, vocoder_family  # noqa: E402
from tingshuo.port.voice import contexts  # noqa: E402
from tingshuo.tasks import vocoder as runtime  # noqa: E402

pytestmark = pytest.mark.train
LENGTHS = (1, 23, 150)


def build(name):
    torch.manual_seed(0)
    return {
        "source_filter": lambda: SourceFilter(SourceFilterConfig(dim=16, hidden=24, layers=2)),
        "vocos": lambda: Vocos(VocosConfig(dim=16, hidden=24, layers=2)),
        "hifigan": lambda: HiFiGan(LIGHT.replace(channels=16)),
        "hifigan of two convolutions": lambda: HiFiGan(V2.replace(channels=16)),
    }[name]().eval()


NAMES = ("source_filter", "vocos", "hifigan", "hifigan of two convolutions")


def inputs_of(graph, frames, seed=0):
    rng = np.random.default_rng(seed)
    features = {"mel": rng.standard_normal((1, 100, frames), np.float32) - 4, "f0": np.full((1, frames), 210, np.float32)}
    return {name: features[name] for name in graph.inputs}


@pytest.fixture(scope="module", params=NAMES)
def made(request):
    net = build(request.param)
    half = half_tensors(net)
    net.load_state_dict({name: torch.from_numpy(tensor.astype(np.float32)) for name, tensor in half.items()})
    (graph,) = vocoder_family(net).graphs(net)
    return net, graph, export_graph(graph), half


@pytest.mark.parametrize("frames", LENGTHS)
def test_graph_equals_net_at_any_length(made, frames):
    _, graph, exported, half = made
    inputs = inputs_of(graph, frames)
    errors = compare(open_model(optimize(exported), half), inputs, reference_outputs(graph, inputs))
    assert max(errors.values()) < FP32_DB, errors


def test_a_stream_of_the_graph_is_the_whole(made, tiny, monkeypatch):
    net, graph, exported, half = made
    config = tiny[0].replace(vocoder_context_frames=vocoder_family(net).context_frames(net.config))
    session = open_model(optimize(exported), half)
    mel, f0 = inputs_of(graph, 90)["mel"][0], np.full(90, 210, np.float32)
    whole = runtime.copy_synthesis(session, config, mel, f0)
    with torch.inference_mode():
        if not isinstance(net, SourceFilter):  # whose noise is another here
            assert np.abs(net.synthesize(torch.from_numpy(mel)[None])[0].numpy() - whole).max() < 1e-4
    monkeypatch.setattr(runtime, "FIRST_CHUNK_FRAMES", 7)
    monkeypatch.setattr(runtime, "LONGEST_CHUNK_FRAMES", 23)
    parts = list(runtime.render(session, config, lambda a, b: (mel[:, a:b], f0[a:b]), 90, first=True))
    assert len(parts) > 4
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)


def test_int8_passes_where_the_family_has_it(made):
    net, graph, exported, half = made
    if not vocoder_family(net).int8:
        pytest.skip("convolutions at the sample rate stay in float32")
    small = quantize(exported, half, observe(exported, half, [inputs_of(graph, 200, seed) for seed in range(3)]))
    assert any(node.op_type == "QGemm" for node in small.graph.node)
    inputs = inputs_of(graph, 60, 9)
    errors = compare(open_model(small, half), inputs, reference_outputs(graph, inputs))
    assert all(errors[name] <= LIMITS_DB["int8"][name] for name in errors), errors


def test_a_stack_of_convolutions_is_two_dimensional_from_end_to_end():
    net = build("hifigan")
    (graph,) = FAMILIES["hifigan"].graphs(net)
    fast = optimize(export_graph(graph)).graph
    kinds = [node.op_type for node in fast.node]
    features = [n for n in fast.node if n.op_type == "Unsqueeze" and not n.output[0].endswith("/weight")]
    assert len(features) == 1, "only the mel gets its second axis"
    assert kinds.count("Squeeze") == 1, "only the wave loses it"
    for node in fast.node:
        if node.op_type in ("Conv", "ConvTranspose"):
            (kernel,) = [list(item.ints) for item in node.attribute if item.name == "kernel_shape"] or [[1, 1]]
            assert len(kernel) == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_voice_with_it_can_be_saved_and_rebuilt(tiny, name):
    acoustic, vocoder = tiny[1].acoustic, build(name)
    config = tiny[0].replace(
        family=voice_family(vocoder),
        architecture=architecture(acoustic.config, vocoder.config),
        **contexts(acoustic.config, vocoder.config),
    )
    config = VoiceConfig.check(config.fields(), "test")
    assert config.family == f"fastspeech+{name.split()[0]}"
    loaded = load_nets(config, half_tensors(acoustic), half_tensors(vocoder)).vocoder
    assert type(loaded) is type(vocoder)
    assert loaded.config == vocoder.config
    mel, f0 = torch.randn(1, 100, 9), torch.full((1, 9), 200.0)
    noise = torch.randn(1, 2048)
    assert torch.allclose(loaded.synthesize(mel, f0, noise), vocoder.synthesize(mel, f0, noise), atol=0.02)


def test_a_vocoder_whose_frame_is_not_the_voices_is_refused(tiny):
    vocoder = HiFiGan(LIGHT.replace(channels=16, upsample_rates=(8, 8, 2), upsample_kernels=(16, 16, 4)))
    acoustic = tiny[1].acoustic
    config = tiny[0].replace(family=voice_family(vocoder), architecture=architecture(acoustic.config, vocoder.config))
    with pytest.raises(PortError, match="a frame is 256 samples, hifigan makes 128"):
        load_nets(config, half_tensors(acoustic), half_tensors(vocoder))


def test_plain_undoes_what_training_adds():
    normed = add_weight_norm(build("hifigan"))
    plain = vocoder_family(normed).plain(normed)
    assert plain.state_dict().keys() == build("hifigan").state_dict().keys()
    vocos = build("vocos")
    copied = vocoder_family(vocos).plain(vocos)
    assert copied is not vocos
    assert all(torch.equal(value, vocos.state_dict()[name]) for name, value in copied.state_dict().items())


def test_every_family_is_found_by_net_and_by_config():
    for name, family in FAMILIES.items():
        assert vocoder_family(family.config()) is family
        assert family.name == name
    assert isinstance(HiFiGanConfig(), FAMILIES["hifigan"].config)


def test_variants_of_a_voice_without_int8_vocoder(tiny):
    config, nets = tiny
    vocoder = build("hifigan")
    config = config.replace(family=voice_family(vocoder), **contexts(nets.acoustic.config, vocoder.config))
    built = build_variants(config, VoiceNets(nets.acoustic, vocoder), ["今天天气很好。"], ["你吃饭了吗？"], "你好。")
    assert "vocoder" in built.models["fp32"]
    assert "vocoder" not in built.models["int8"]
    assert "hifigan" in built.refused["vocoder"]
    assert built.errors["fp32"]["wav"] < -60
