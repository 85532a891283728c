import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from tingshuo.models.language.config import LanguageConfig  # noqa: E402
from tingshuo.models.language.graphs import graphs  # noqa: E402
from tingshuo.models.language.net import STATES, Language  # noqa: E402
from tingshuo.port.export import export_graph, half_tensors  # noqa: E402
from tingshuo.port.verify import open_model  # noqa: E402

pytestmark = pytest.mark.train


@pytest.mark.parametrize("kind", ["lstm", "transformer"])
def test_the_graphs_say_what_the_net_says(kind):
    torch.manual_seed(0)
    net = Language(LanguageConfig(kind=kind, units=11, dim=8, layers=2, heads=2, hidden=12)).eval()
    tensors = half_tensors(net)
    net.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()})
    *judge, step = graphs(net)
    assert [graph.name for graph in (*judge, step)] == (["step"] if kind == "lstm" else ["judge", "step"])
    texts = np.random.default_rng(0).integers(0, 11, (4, 9))
    with torch.inference_mode():
        wanted = torch.log_softmax(net(torch.from_numpy(texts))[0], -1).numpy()
    each = np.take_along_axis(wanted[:, :-1], texts[:, 1:, None], 2)[..., 0]
    for graph in judge:
        judged = open_model(export_graph(graph), tensors).run({"texts": texts})["log_probs"]
        np.testing.assert_allclose(judged, each, atol=1e-5)
    session = open_model(export_graph(step), tensors)
    state = dict(zip(STATES[kind], (one.numpy() for one in net.start(4)), strict=True))
    for n in range(4):
        answer = session.run({"unit": texts[:, n], **state})
        np.testing.assert_allclose(answer["log_probs"], wanted[:, n], atol=1e-5)
        state = {name: answer[f"next_{name}"] for name in state}
