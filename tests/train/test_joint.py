import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.train.conftest import make_recipe  # noqa: E402

from tingshuo.train.acoustic import answers  # noqa: E402
from tingshuo.train.examples import make_batch  # noqa: E402
from tingshuo.train.joint import DecoderMels  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(params=[False, True], ids=["plain", "with energy"])
def joint(corpus, request):
    recipe, _ = make_recipe(corpus, energy=int(request.param))
    return DecoderMels(recipe.net, corpus[0], corpus[1], recipe.tables), recipe


@torch.no_grad()
def test_a_segment_is_a_part_of_the_mel_of_the_whole_clip(corpus, joint):
    mels, recipe = joint
    features, examples = corpus
    recipe.net.eval()
    # Energies at the very start of a clip differ: there one mel sees the reflected signal, the other silence.
    for index, first in ((2, 12 if recipe.net.config.energy else 0), (2, 14), (1, examples[1].clip.frames - 21)):
        batch = make_batch(features, [examples[index]], recipe.tables, torch.device("cpu"))
        whole = answers(recipe.net, batch)[2]
        part = mels(np.array([[index, first]]), 20)
        assert torch.allclose(part, whole[:, :, first : first + 21], atol=2e-3)


@torch.no_grad()
def test_neighbours_in_a_batch_change_nothing(joint):
    mels, _ = joint
    rows = np.array([[2, 4], [0, 1], [5, 0]])
    together = mels(rows, 16)
    alone = torch.cat([mels(row[None], 16) for row in rows])
    assert torch.allclose(together, alone, atol=1e-5)


def test_gradients_reach_the_decoder_alone(joint):
    mels, recipe = joint
    mels(np.array([[2, 4], [0, 1]]), 16).square().sum().backward()
    learning = {name for name, parameter in recipe.net.named_parameters() if parameter.grad is not None and parameter.grad.any()}
    assert {name.split(".")[0] for name in learning} == {
        "decoder", "decoder_in", "decoder_norm", "mel", "pitch_embedding", "speaker",
    }  # fmt: skip
    assert len(mels.parameters) == len(learning)
