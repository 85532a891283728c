import pytest

torch = pytest.importorskip("torch")

from dataclasses import replace  # noqa: E402

import numpy as np  # noqa: E402

from tingshuo.audio.mel import log_mel  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.voices import find_voice  # noqa: E402
from tingshuo.train.acoustic import answers  # noqa: E402
from tingshuo.train.examples import Tables, make_batch  # noqa: E402
from tingshuo.train.newcomer import fit_output, nearest_speakers, upper_bands  # noqa: E402
from tingshuo.train.publish import read_nets  # noqa: E402

pytestmark = pytest.mark.train
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def base():
    bundle = open_bundle(find_voice("default"))
    return bundle.config, read_nets(bundle).acoustic


@pytest.fixture
def net(base):
    """The net of the voice that spoke the corpus, to be spoilt."""
    _, own = base
    copy = type(own)(own.config).eval()
    copy.load_state_dict(own.state_dict())
    return copy


@pytest.fixture(scope="module")
def tables(corpus):
    return Tables({"a": 0, "b": 0}, {}, {}, corpus[0].pitch)


def error(net, corpus, tables):
    """Mean distance of mels."""
    features, examples = corpus
    sums = []
    with torch.no_grad():
        for example in examples:
            batch = make_batch(features, [example], tables, CPU)
            sums.append(float((answers(net, batch)[2] - batch.mel).abs()[:, :86].mean()))
    return np.mean(sums)


def test_the_nearest_speaker_is_the_one_that_sounds_so(corpus, base):
    voice, own = base
    features, examples = corpus
    tables = Tables({"a": 0, "b": 1}, {}, {}, features.pitch)
    net = type(own)(own.config.replace(speakers=2)).eval()
    row, one = own.speaker.weight.detach()[:1], voice.speakers[:1]
    net.load_state_dict(own.state_dict() | {"speaker.weight": torch.cat([-row, row])})
    assert nearest_speakers(net, features, examples, tables, one * 2) == [1, 1]
    assert nearest_speakers(net, features, examples, tables, one) == [0, 0]


def test_above_a_recording_the_voice_says_what_it_would_have_said(corpus, net, tables):
    features, examples = corpus
    bands = upper_bands(net, features, examples, tables)
    assert set(bands) == {example.clip.id for example in examples if example.clip.bandwidth_hz == 8000}
    for example in examples:
        if (band := bands.get(example.clip.id)) is None:
            continue
        # Only the label is narrow: the recordings are whole, so the truth is known.
        truth = np.maximum(log_mel(features.wav_of(example.clip), features.config.mel)[84:, : example.clip.frames], -7)
        assert band.shape == truth.shape == (16, example.clip.frames)
        assert np.abs(band - truth).mean() < 0.8


def test_batches_learn_the_bands_above(corpus, net, tables):
    features, examples = corpus
    bands = upper_bands(net, features, examples, tables)
    plain, full = (make_batch(features, examples[:3], one, CPU) for one in (tables, replace(tables, bands=bands)))
    narrow = examples[1].clip
    assert plain.mel_weight.sum(1).tolist() == [100, 84, 100]
    assert full.mel_weight.all()
    assert torch.equal(full.mel[1, 84:, : narrow.frames], torch.from_numpy(bands[narrow.id]))
    assert torch.equal(full.mel[:, :84], plain.mel[:, :84])
    assert torch.equal(full.mel[[0, 2]], plain.mel[[0, 2]])


def test_the_output_layer_is_fitted(corpus, net, tables):
    features, examples = corpus
    sound = error(net, corpus, tables)
    with torch.no_grad():
        net.mel.bias.add_(torch.linspace(-1, 1, 100))
        net.mel.weight.mul_(0.8)
    spoilt = error(net, corpus, tables)
    fit_output(net, features, examples, tables, 0.01)
    assert spoilt > 1.5 * sound
    assert error(net, corpus, tables) < 1.1 * sound


def test_a_firm_hold_leaves_all_but_the_mean(corpus, net, tables):
    features, examples = corpus
    weight = net.mel.weight.detach().clone()
    with torch.no_grad():
        net.mel.bias.add_(0.7)
    before = error(net, corpus, tables)
    fit_output(net, features, examples, tables, 1e6)
    assert torch.allclose(net.mel.weight, weight, atol=1e-3)
    assert error(net, corpus, tables) < before - 0.1


def test_bands_of_which_nothing_is_known_stay(corpus, net, tables):
    features, examples = corpus
    narrow = [example for example in examples if example.clip.bandwidth_hz == 8000]
    weight, bias = (p.detach().clone() for p in (net.mel.weight, net.mel.bias))
    fit_output(net, features, narrow, tables, 0.1)
    assert torch.equal(net.mel.weight[86:], weight[86:])
    assert torch.equal(net.mel.bias[86:], bias[86:])
    assert not torch.allclose(net.mel.weight[:86], weight[:86])
