import pytest

torch = pytest.importorskip("torch")

from tingshuo.models.emotivoice.config import EmotiVoiceConfig  # noqa: E402
from tingshuo.models.emotivoice.graphs import graphs  # noqa: E402
from tingshuo.models.emotivoice.net import EmotiVoice, durations, spread  # noqa: E402

pytestmark = pytest.mark.train


@torch.inference_mode()
def test_the_graphs_one_after_the_other_are_the_net():
    torch.manual_seed(0)
    sizes = {"dim": 8, "prompt": 4, "encoder_heads": 2, "decoder_heads": 2, "variance_hidden": 8, "latent": 3}
    net = EmotiVoice(EmotiVoiceConfig(tokens=5, speakers=2, **sizes)).eval()
    encoder, decoder = graphs(net)
    assert (encoder.name, decoder.name) == ("encoder", "decoder")
    given = {name: torch.randn_like(x) if x.is_floating_point() else x for name, x in encoder.inputs.items()}
    given["speaker"] = net.speaker(torch.tensor([1]))
    encoded = dict(zip(encoder.outputs, encoder.module(*given.values()), strict=True))
    weights = spread(durations(encoded.pop("log_duration")))
    latent = decoder.module(**encoded, weights=weights)
    assert list(decoder.inputs) == [*encoded, "weights"]
    assert torch.equal(latent, net(given["token_ids"], torch.tensor([1]), given["style"], given["content"]))


def test_tokens_and_frames_are_free():
    sizes = {"dim": 8, "prompt": 4, "encoder_heads": 2, "decoder_heads": 2, "variance_hidden": 8}
    encoder, decoder = graphs(EmotiVoice(EmotiVoiceConfig(tokens=5, speakers=2, **sizes)))
    assert encoder.free == {"token_ids": {1: "N"}}
    assert decoder.free["weights"] == {1: "F", 2: "N"}
