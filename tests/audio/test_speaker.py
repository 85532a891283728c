"""The speaker encoder: the original's answers, and people of recordings and of the built-in voice told apart."""

from pathlib import Path

import numpy as np
import pytest

from tingshuo.audio.speaker import encode, power_mel, similarity, speaker_vector, vector_of, window_starts, window_vectors

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "resemblyzer" / "golden.npz"
HALF = 1e-3
"""What half precision of the weights moves at most; in float32 the answers are the original's within 1e-6."""


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    if not GOLDEN.is_file():
        pytest.skip("the golden vectors are not at hand")
    with np.load(GOLDEN) as stored:
        return dict(stored)


def test_the_network_answers_as_the_original(golden: dict[str, np.ndarray]) -> None:
    assert np.abs(encode(golden["mel.in.mel"]) - golden["mel.embedding"]).max() < HALF


@pytest.mark.parametrize("case", ["low", "high"])
def test_a_signal_is_cut_and_heard_as_by_the_original(golden: dict[str, np.ndarray], case: str) -> None:
    wav = golden[f"{case}.in.wav"]
    assert np.abs(power_mel(wav) - golden[f"{case}.mel"]).max() < 1e-5
    assert window_starts(len(wav)) == golden[f"{case}.slice_start"].tolist()
    assert np.abs(window_vectors(wav) - golden[f"{case}.partials"]).max() < HALF
    assert np.abs(vector_of(wav) - golden[f"{case}.embedding"]).max() < HALF


@pytest.mark.parametrize(
    ("n_samples", "starts"),
    [(1, [0]), (25600, [0]), (31000, [0]), (31600, [0, 12320]), (37920, [0, 12320]), (50240, [0, 12320, 24640])],
)
def test_a_last_window_counts_when_most_of_it_is_sound(n_samples: int, starts: list[int]) -> None:
    assert window_starts(n_samples) == starts


def test_two_speakers_of_a_voice_are_told_apart(voice) -> None:
    lines = ("今天天气真好，我们去公园散步吧。", "学习一门语言需要耐心，也需要每天练习。")
    said = {who: [voice.synthesize(line, speaker=who).wav for line in lines] for who in voice.speakers[:2]}
    vectors = {who: [speaker_vector(wav, voice.sample_rate) for wav in wavs] for who, wavs in said.items()}
    first, second = vectors.values()
    own = [similarity(*first), similarity(*second)]
    other = [similarity(a, b) for a in first for b in second]
    assert min(own) > max(other) + 0.05
    assert all(0.999 < similarity(vector, vector) < 1.001 for vector in (*first, *second))


def test_quiet_speech_is_raised_and_silence_is_no_number_that_is_none() -> None:
    wav = np.sin(np.arange(40000) * 0.05).astype(np.float32)
    assert similarity(speaker_vector(1e-3 * wav, 16000), speaker_vector(1e-4 * wav, 16000)) > 0.999
    assert np.isfinite(speaker_vector(np.zeros(16000, np.float32), 16000)).all()
