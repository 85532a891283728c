"""Chunks of one length have the samples and sentences of the stream that they were cut from."""

import numpy as np
import pytest

from tingshuo.audio.chunking import rechunk
from tingshuo.errors import RequestError
from tingshuo.types import AudioChunk, TimedSentence

RATE = 1000


def stream(*lengths, start=0):
    rng, at = np.random.default_rng(0), start
    for n, length in enumerate(lengths):
        timed = TimedSentence(str(n), at / RATE, (at + length) / RATE, ())
        yield AudioChunk(rng.normal(size=length).astype(np.float32), RATE, at, timed)
        at += length


@pytest.mark.parametrize("lengths", [(70, 30, 250, 1, 9), (100, 100), (5,), (1,) * 130, (300,)])
def test_samples_and_sentences_are_those_of_the_stream(lengths):
    before, after = list(stream(*lengths)), list(rechunk(stream(*lengths), 0.05))
    np.testing.assert_array_equal(np.concatenate([c.wav for c in after]), np.concatenate([c.wav for c in before]))
    assert [c.sentence.text for c in after if c.sentence] == [c.sentence.text for c in before]
    full = [c for c in after if len(c.wav) == 50]
    assert len(full) == sum(lengths) // 50
    assert all(c.start_samples % 50 == 0 for c in full)
    assert [c.start_samples for c in after] == [sum(len(b.wav) for b in after[:n]) for n in range(len(after))]


def test_a_chunk_is_there_as_soon_as_it_is_full():
    asked = []

    def watched():
        for chunk in stream(30, 30, 30):
            asked.append(chunk.start_samples)
            yield chunk

    chunks = rechunk(watched(), 0.05)
    first = next(chunks)
    assert (len(first.wav), asked) == (50, [0, 30])


def test_a_stream_that_goes_on_keeps_its_place():
    assert [c.start_samples for c in rechunk(stream(60, 60, start=500), 0.05)] == [500, 550, 600]


def test_none_leaves_them_as_they_come():
    assert [len(c.wav) for c in rechunk(stream(3, 4), None)] == [3, 4]
    assert not list(rechunk(iter(()), 0.05))


@pytest.mark.parametrize("chunk_s", [0, 0.001, 6, -1, float("nan")])
def test_a_length_outside_its_range_is_refused(chunk_s):
    with pytest.raises(RequestError, match=r"chunk must be 0\.01 to 5 seconds"):
        list(rechunk(stream(3), chunk_s))
