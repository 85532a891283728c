import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.rvc.config import PRESETS  # noqa: E402
from tingshuo.models.rvc.decoder import Decoder  # noqa: E402
from tingshuo.models.rvc.graphs import decoder_context_frames, graphs  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_every_input_and_output_is_named(tiny_net):
    for pitched, names in ((True, ["encoder", "flow", "decoder", "source"]), (False, ["encoder", "flow", "decoder"])):
        made = graphs(tiny_net[pitched])
        assert [graph.name for graph in made] == names
        for graph in made:
            results = graph.module(*graph.inputs.values())
            assert len(results if isinstance(results, tuple) else (results,)) == len(graph.outputs)


@torch.inference_mode()
@pytest.mark.parametrize("name", PRESETS)
def test_context_frames_are_enough_and_no_more(name):
    config = PRESETS[name].replace(channels=32, latent=2, speaker_dim=2)
    net, total, middle = Decoder(config).double().eval(), 29, 14
    latent, speaker = torch.randn(1, 2, total, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64)
    excitation = torch.zeros(1, total, config.hop_length, dtype=torch.float64)
    latent[..., middle] = excitation[:, middle] = torch.nan  # numbers would fade away before the end of the reach
    touched = net(latent, speaker, excitation).isnan()[0].reshape(total, -1).any(1).nonzero()[:, 0].tolist()
    reach = decoder_context_frames(config)
    assert reach == max(middle - touched[0], touched[-1] - middle)
