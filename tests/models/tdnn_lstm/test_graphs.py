import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tingshuo.config.fbank import FbankConfig  # noqa: E402
from tingshuo.config.tdnn_lstm import TdnnLstmBundleConfig  # noqa: E402
from tingshuo.models.tdnn_lstm.config import TdnnLstmConfig  # noqa: E402
from tingshuo.models.tdnn_lstm.graphs import graphs  # noqa: E402
from tingshuo.models.tdnn_lstm.net import TdnnLstm  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.families import build_nets, sizes  # noqa: E402
from tingshuo.port.verify import open_model, reference_outputs  # noqa: E402
from tingshuo.tasks.recognise.hearing import RECOGNISERS  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = TdnnLstmConfig(units=4, features=20, dim=8, delays=((1,), (2,)))


@pytest.fixture(scope="module")
def exported():
    torch.manual_seed(0)
    net = TdnnLstm(CONFIG).eval()
    tensors = half_tensors(net)
    net.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()})
    return net, {graph.name: (graph, open_model(export_graph(graph), tensors)) for graph in graphs(net)}


@pytest.mark.parametrize("frames", [5, 31, 90])
def test_the_graphs_say_what_the_net_says_of_any_length(exported, frames):
    net, found = exported
    features = np.random.default_rng(0).normal(size=(1, frames, 20)).astype(np.float32)
    graph, session = found["encoder"]
    encoded = session.run({"features": features})["encoded"]
    np.testing.assert_allclose(encoded, reference_outputs(graph, {"features": features})["encoded"], atol=1e-5)
    log_probs = found["ctc"][1].run({"encoded": encoded})["log_probs"]
    with torch.inference_mode():
        np.testing.assert_allclose(log_probs, net(torch.from_numpy(features)).numpy(), atol=1e-5)


def test_the_recogniser_of_conformers_drives_it(exported):
    _, found = exported
    settings = TdnnLstmBundleConfig(
        family="tdnn_lstm", fbank=FbankConfig(n_mels=20), units=("<blank>", "你", "好", "啊"), sos=0, eos=0,
        subsampling=CONFIG.subsampling, context_frames=CONFIG.context_frames, architecture=sizes("tdnn_lstm", CONFIG),
    )  # fmt: skip
    recogniser = RECOGNISERS.load("tdnn_lstm")(settings, {name: session for name, (_, session) in found.items()})
    wav = np.random.default_rng(1).normal(size=8000).astype(np.float32) * 0.1
    heard = recogniser.hear(wav)
    assert heard
    assert all(frame < CONFIG.encoded_frames(48) for one in heard for frame in one.frames)
    assert recogniser.hear(wav[:900]) == ()
    assert recogniser.frame_s == pytest.approx(0.03)


def test_a_bundle_tells_how_to_build_it(exported):
    net, _ = exported
    (built,) = build_nets(TdnnLstmBundleConfig.check(
        {"family": "tdnn_lstm", "fbank": {}, "units": [], "sos": 0, "eos": 0, "subsampling": 3, "context_frames": 5,
         "architecture": sizes("tdnn_lstm", CONFIG)}, "x",
    ).architecture)  # fmt: skip
    assert {name: value.shape for name, value in built.net.state_dict().items()} == {
        name: value.shape for name, value in net.state_dict().items()
    }
