import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402

from tingshuo.audio.mel import QUIET, log_mel  # noqa: E402
from tingshuo.config import MelConfig  # noqa: E402
from tingshuo.data.features import SpeakerPitch  # noqa: E402
from tingshuo.tasks.acoustic import frame_places  # noqa: E402
from tingshuo.train.examples import Tables, bandwidth_weight, energy_of, make_batch, normalise_f0  # noqa: E402

pytestmark = pytest.mark.train
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def batch(corpus):
    features, examples = corpus
    tables = Tables({"a": 0, "b": 1}, {"b": 1}, {"happy": 1}, features.pitch)
    return make_batch(features, examples[:3], tables, CPU)


def test_frames_are_those_of_serving(corpus, batch):
    for row, example in enumerate(corpus[1][:3]):
        frames = example.clip.frames
        assert batch.frames[row].sum() == frames
        assert np.array_equal(batch.place[row, :frames].numpy(), frame_places(example.durations))
        expected = np.repeat(example.phones.ids, example.durations)
        assert np.array_equal(batch.ids[row][batch.phone[row, :frames]].numpy(), expected)
        assert not batch.place[row, frames:].any()


def test_mels_are_those_of_the_audio_room_and_do_not_depend_on_the_company(corpus, batch):
    features, examples = corpus
    tables = Tables({"a": 0, "b": 1}, {}, {}, features.pitch)
    for row, example in enumerate(examples[:3]):
        frames = example.clip.frames
        reference = log_mel(np.pad(features.wav_of(example.clip), (0, 1024)), MelConfig())[:, :frames]
        reference = np.maximum(reference, QUIET)
        assert np.abs(batch.mel[row, :, :frames].numpy() - reference).max() < 2e-2
        assert np.abs(batch.mel[row, :, :frames].numpy() - reference).mean() < 1e-4
        alone = make_batch(features, [example], tables, CPU)
        torch.testing.assert_close(alone.mel[0], batch.mel[row, :, :frames], rtol=1e-5, atol=1e-5)


def test_rows_of_tables_and_masks(batch):
    assert batch.speaker.tolist() == [0, 1, 0]
    assert batch.style.tolist() == [0, 1, 0]
    assert batch.emotion.tolist() == [0, 1, 0]
    assert batch.mel_weight[0].all()
    assert batch.mel_weight[1].sum() == 84  # bands that end below 92 % of 8 kHz
    assert (batch.valid.sum(1) == (batch.durations > 0).sum(1)).all()


def test_f0_is_normalised_by_its_speaker():
    f0 = np.array([[0, 100, 200, 5000]], np.float32)
    value, unvoiced = normalise_f0(f0, [SpeakerPitch(np.log(100), np.log(2))])
    assert value[0] == pytest.approx([0, 0, 1, 4], abs=1e-6)
    assert unvoiced.tolist() == [[1, 0, 0, 0]]


def test_energy_follows_the_level():
    mel = torch.randn(1, 100, 5)
    louder = energy_of(mel + np.log(10))
    torch.testing.assert_close(louder - energy_of(mel), torch.full((1, 5), np.log(10) / 2.5))


def test_bandwidth_leaves_whole_bands():
    assert bandwidth_weight(MelConfig(), 12000).all()
    assert not bandwidth_weight(MelConfig(), 10).any()
