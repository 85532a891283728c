"""Frames teach a net their states."""

from dataclasses import dataclass

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.train.classic import small  # noqa: E402

from tingshuo.data.utterance import Utterance  # noqa: E402
from tingshuo.models.dnn.config import DnnConfig  # noqa: E402
from tingshuo.models.dnn.net import Dnn  # noqa: E402
from tingshuo.train.hybrid_align import NOBODY  # noqa: E402
from tingshuo.train.hybrid_material import Clip, Material  # noqa: E402
from tingshuo.train.hybrid_recipe import HybridRecipe, NetScores  # noqa: E402

pytestmark = pytest.mark.train
CONFIG = small("offsets=[-1, 0, 1]", "loop.batch_frames=16")
STATES = 4


@dataclass
class Case:
    material: Material
    labels: np.ndarray
    net: Dnn
    recipe: HybridRecipe


@pytest.fixture
def case():
    """Frames that say their state, in clips of ten."""
    chance = np.random.default_rng(0)
    labels = np.repeat(chance.integers(0, STATES, 24), 5)
    features = (2 * np.eye(STATES)[labels] + 0.3 * chance.normal(size=(120, STATES))).astype(np.float16)
    clips = [Clip(Utterance(id=f"c{k}", audio="x"), 10 * k, 10, ("ma1",)) for k in range(12)]
    labels[50:60] = NOBODY
    material = Material(
        features, 0.01, np.full(STATES, 2.0, np.float32), tuple(clips[:10]), tuple(clips[10:]), ("sil",), (),
        np.zeros(0, np.float32), (),
    )  # fmt: skip
    torch.manual_seed(0)
    net = Dnn(DnnConfig(inputs=3 * STATES, states=STATES, layers=1, dim=16))
    return Case(material, labels, net, HybridRecipe(net, material, labels, CONFIG))


def test_an_epoch_has_every_frame_whose_state_is_known_once(case):
    batches = case.recipe.batches(0)
    seen = np.concatenate(batches)
    assert [len(batch) for batch in batches] == [16] * 5
    assert len(set(seen.tolist())) == 80
    assert seen.max() < 100
    assert not set(seen.tolist()) & set(range(50, 60))
    assert any((one != other).any() for one, other in zip(batches, case.recipe.batches(1), strict=True))
    np.testing.assert_array_equal(batches[0], case.recipe.batches(0)[0])


def test_a_net_learns_what_frames_say(case):
    before = case.recipe.evaluate()
    for epoch in range(10):
        for step, batch in enumerate(case.recipe.batches(epoch)):
            told = case.recipe.step(batch, step)
    after = case.recipe.evaluate()
    assert set(told) == {"loss", "error", "gradient_norm"}
    assert after["loss"] < before["loss"] / 2
    assert after["error"] < 0.2


def test_frames_are_seen_with_those_around_them_in_their_own_clip(case):
    (around,) = case.recipe._around(np.array([20]))
    own = case.material.features[[20, 20, 21]].astype(np.float32).ravel() / 2
    np.testing.assert_allclose(around.numpy(), own)


def test_the_clips_of_a_batch_are_named(case):
    assert case.recipe.describe(np.array([3, 41])) == "c0, c4"


def test_a_taught_net_scores_states_less_how_often_they_are(case):
    priors = np.log(np.array([0.7, 0.1, 0.1, 0.1], np.float32))
    scores = NetScores(case.net, priors, CONFIG.offsets)
    frames = case.material.heard(case.material.taught[0])
    found = scores.score(frames)
    np.testing.assert_allclose(np.exp(found + priors).sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(scores.score(frames, np.array([2, 0])), found[:, [2, 0]])
