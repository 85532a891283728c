import numpy as np

from tingshuo.models.hmm.mixtures import Mixtures

RNG = np.random.default_rng(0)


def made(states=4, gaussians=3, size=5):
    weight = RNG.uniform(0.2, 1, (states, gaussians))
    return Mixtures(
        RNG.normal(size=(states, gaussians, size)).astype(np.float32),
        RNG.uniform(0.3, 2, (states, gaussians, size)).astype(np.float32),
        (weight / weight.sum(1, keepdims=True)).astype(np.float32),
    )


def density(mixtures, x, state):
    parts = [
        w * np.prod(np.exp(-((x - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v))
        for w, m, v in zip(mixtures.weight[state], mixtures.mean[state], mixtures.variance[state], strict=True)
    ]
    return np.log(sum(parts))


def test_scores_are_log_densities():
    mixtures, frames = made(), RNG.normal(size=(7, 5)).astype(np.float32)
    scores = mixtures.score(frames)
    assert scores.shape == (7, 4)
    expected = [[density(mixtures, x.astype(float), s) for s in range(4)] for x in frames]
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(mixtures.score(frames, np.array([2, 0])), scores[:, [2, 0]])


def test_one_gaussian_becomes_mean_and_variance_of_its_frames():
    mixtures = Mixtures.start(3, 5)
    frames = RNG.normal(2, 3, (400, 5)).astype(np.float32)
    states = np.repeat([0, 2], 200)
    mixtures.update(frames, states, 0.01)
    np.testing.assert_allclose(mixtures.mean[2, 0], frames[200:].mean(0), rtol=1e-5)
    np.testing.assert_allclose(mixtures.variance[0, 0], frames[:200].var(0), rtol=1e-4)
    np.testing.assert_array_equal(mixtures.mean[1], 0)


def test_two_heaps_are_told_apart_after_a_split():
    heaps = np.concatenate([RNG.normal(-4, 1, (300, 2)), RNG.normal(4, 1, (100, 2))]).astype(np.float32)
    mixtures, states = Mixtures.start(1, 2), np.zeros(400, np.int64)
    mixtures.update(heaps, states, 0.01)
    before = mixtures.score(heaps).mean()
    mixtures.split()
    for _ in range(10):
        mixtures.update(heaps, states, 0.01)
    assert mixtures.score(heaps).mean() > before + 0.5
    order = np.argsort(mixtures.mean[0, :, 0])
    np.testing.assert_allclose(mixtures.mean[0, order], [[-4, -4], [4, 4]], atol=0.3)
    np.testing.assert_allclose(mixtures.weight[0, order], [0.75, 0.25], atol=0.02)


def test_variances_have_a_floor():
    mixtures = Mixtures.start(1, 2)
    mixtures.update(np.ones((50, 2), np.float32), np.zeros(50, np.int64), 0.03)
    np.testing.assert_allclose(mixtures.variance, 0.03)


def test_tensors_bring_it_back():
    mixtures, frames = made(), RNG.normal(size=(7, 5)).astype(np.float32)
    again = Mixtures.from_tensors(mixtures.tensors())
    np.testing.assert_array_equal(again.score(frames), mixtures.score(frames))


def test_states_may_be_copied_from_others():
    mixtures, frames = made(), RNG.normal(size=(7, 5)).astype(np.float32)
    taken = mixtures.take(np.array([0, 0, 3]))
    np.testing.assert_array_equal(taken.score(frames), mixtures.score(frames)[:, [0, 0, 3]])
    taken.mean[0] = 9
    assert not (mixtures.mean[0] == 9).any()


def test_a_prior_weighs_as_much_as_its_frames():
    prior, frames = made(2, 1), RNG.normal(3, 1, (40, 5)).astype(np.float32)
    mixtures = prior.copy()
    mixtures.update(frames, np.zeros(40, np.int64), 0.01, prior, 40.0)
    np.testing.assert_allclose(mixtures.mean[0, 0], (frames.mean(0) + prior.mean[0, 0]) / 2, rtol=1e-4)
    np.testing.assert_array_equal(mixtures.mean[1], prior.mean[1])  # no frame was in this state
    both = (np.square(frames).mean(0) + prior.mean[0, 0] ** 2 + prior.variance[0, 0]) / 2
    np.testing.assert_allclose(mixtures.variance[0, 0], both - mixtures.mean[0, 0] ** 2, rtol=1e-3)


def test_without_frames_to_speak_of_the_prior_stays():
    prior, frames = made(1, 3), RNG.normal(size=(1, 5)).astype(np.float32)
    mixtures = prior.copy()
    mixtures.update(frames, np.zeros(1, np.int64), 0.01, prior, 1e4)
    np.testing.assert_allclose(mixtures.mean, prior.mean, atol=0.01)
    np.testing.assert_allclose(mixtures.weight, prior.weight, atol=0.01)


def test_half_precision_tensors_become_single():
    mixtures = made()
    halves = {name: tensor.astype(np.float16) for name, tensor in mixtures.tensors().items()}
    assert Mixtures.from_tensors(halves).mean.dtype == np.float32
