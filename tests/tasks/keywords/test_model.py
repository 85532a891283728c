from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.tasks.keywords.high_and_low import SETTINGS, beep, keywords

from tingshuo.errors import AudioError, BundleError, RequestError
from tingshuo.tasks.keywords.model import NOTHING, open_keywords
from tingshuo.tasks.voices import find_voice

LOW, HIGH = 300.0, 4000.0


def test_a_word_is_heard_with_the_probabilities_of_all() -> None:
    ears = keywords()
    assert ears.hear(beep(LOW)).word == "low"
    heard = ears.hear(beep(HIGH))
    assert heard.word == "high"
    assert heard.confidence == pytest.approx(heard.probabilities["high"])
    assert set(heard.probabilities) == {"low", "high"}
    assert sum(heard.probabilities.values()) <= 1


def test_silence_is_no_word_unless_one_has_to_be_chosen() -> None:
    ears = keywords()
    silence = 1e-3 * np.random.default_rng(1).standard_normal(8000).astype(np.float32)
    heard = ears.hear(silence)
    assert heard.word == NOTHING
    assert heard.confidence == pytest.approx(1 - max(heard.probabilities.values()))
    assert ears.hear(silence, forced=True).word in ears.words


def test_what_is_not_sure_enough_is_no_word() -> None:
    ears = keywords()
    sure = ears.hear(beep(LOW)).confidence
    assert ears.hear(beep(LOW), threshold=sure - 0.01).word == "low"
    assert ears.hear(beep(LOW), threshold=min(1.0, sure + 1e-4)).word == NOTHING


def test_answers_are_triples_of_what_was_said_and_heard() -> None:
    triples = list(keywords().answers([("low", beep(LOW)), ("low", beep(HIGH))]))
    assert [(said, heard) for said, heard, _ in triples] == [("low", "low"), ("low", "high")]
    assert all(0 < sure <= 1 for _, _, sure in triples)


def test_many_threads_hear_the_same() -> None:
    ears = keywords()
    clips = [beep(LOW), beep(HIGH)] * 8
    with ThreadPoolExecutor(4) as pool:
        assert [one.word for one in pool.map(ears.hear, clips)] == ["low", "high"] * 8


@pytest.mark.parametrize(
    "wav",
    [np.zeros(0, np.float32), np.zeros(SETTINGS.fbank.window_samples - 1, np.float32), np.zeros((2, 8000), np.float32)],
)
def test_what_is_no_clip_is_refused(wav: np.ndarray) -> None:
    with pytest.raises(AudioError, match=r"one channel of at least 512 samples at 16000 Hz"):
        keywords().hear(wav)


def test_samples_that_are_not_numbers_are_refused() -> None:
    wav = beep(LOW)
    wav[7] = np.nan
    with pytest.raises(AudioError, match="not finite"):
        keywords().hear(wav)


def test_a_threshold_out_of_range_is_refused() -> None:
    with pytest.raises(RequestError, match=r"from 0 to 1, got 1\.5"):
        keywords().hear(beep(LOW), threshold=1.5)


def test_a_bundle_of_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="of the task tts and does not hear single words"):
        open_keywords(find_voice("default"))
    with pytest.raises(RequestError, match="unknown precision 'int4'"):
        open_keywords(tmp_path, precision="int4")
