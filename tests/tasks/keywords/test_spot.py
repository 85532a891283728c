import numpy as np
import pytest
from tests.tasks.keywords.high_and_low import SETTINGS, beep, keywords

from tingshuo.errors import AudioError, ConfigError
from tingshuo.tasks.keywords.spot import SpotConfig, Spotter, spot

CONFIG = SpotConfig(hop_frames=4, smooth=2, rest_s=0.3)
RATE = SETTINGS.sample_rate


def noise(seconds: float) -> np.ndarray:
    return 1e-3 * np.random.default_rng(2).standard_normal(round(seconds * RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def stream() -> np.ndarray:
    """Low at 1.1 s, high at 2.55 s, each for a quarter of a second."""
    return np.concatenate([noise(1), beep(300), noise(1), beep(4000), noise(1)])


def test_each_word_is_heard_once_where_it_is(stream: np.ndarray) -> None:
    found = Spotter(keywords(), CONFIG).feed(stream)
    assert [one.word for one in found] == ["low", "high"]
    for one, begin in zip(found, (1.1, 2.55), strict=True):
        assert one.start_s < begin + 0.25
        assert one.end_s > begin
        assert 0.7 <= one.confidence <= 1


@pytest.mark.parametrize("size", [111, 160, 5000])
def test_chunks_do_not_matter(stream: np.ndarray, size: int) -> None:
    whole = Spotter(keywords(), CONFIG).feed(stream)
    spotter = Spotter(keywords(), CONFIG)
    assert [one for at in range(0, len(stream), size) for one in spotter.feed(stream[at : at + size])] == whole


def test_nothing_is_heard_in_silence_and_under_a_high_threshold(stream: np.ndarray) -> None:
    assert Spotter(keywords(), CONFIG).feed(noise(3)) == []
    assert Spotter(keywords(), CONFIG.replace(threshold=1.0)).feed(stream) == []


def test_a_stream_that_rests_hears_no_second_word(stream: np.ndarray) -> None:
    assert [one.word for one in Spotter(keywords(), CONFIG.replace(rest_s=10.0)).feed(stream)] == ["low"]


def test_streams_share_a_net_and_nothing_else(stream: np.ndarray) -> None:
    ears = keywords()
    first, second = Spotter(ears, CONFIG), Spotter(ears, CONFIG)
    half = len(stream) // 2
    both = [(first.feed(part), second.feed(part)) for part in (stream[:half], stream[half:])]
    assert [one for ours, _ in both for one in ours] == [one for _, theirs in both for one in theirs]


def test_a_recording_that_begins_and_ends_with_words_is_heard_whole() -> None:
    wav = np.concatenate([beep(300, around=0.02), noise(0.8), beep(4000, around=0.02)])
    found = spot(keywords(), wav, CONFIG)
    assert [one.word for one in found] == ["low", "high"]
    assert found[0].start_s == 0
    assert found[-1].end_s <= len(wav) / RATE
    assert spot(keywords(), np.zeros(0, np.float32), CONFIG) == []


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(AudioError, match="one channel of finite numbers"):
        Spotter(keywords()).feed(np.zeros((2, 10), np.float32))
    with pytest.raises(ConfigError, match="hop_frames"):
        SpotConfig.check({"hop_frames": 0}, "spot")
