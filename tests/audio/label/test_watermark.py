import numpy as np
import pytest
from tests.audio.label import codecs

from tingshuo.audio.label.watermark import LARGEST_PAYLOAD, Watermarker, mark, mark_chunks, read_watermark
from tingshuo.audio.resample import resample
from tingshuo.errors import RequestError
from tingshuo.types import AudioChunk

RATE, KEY, PAYLOAD = 24000, b"sixteen bytes or more", 0xDEADBEEF


@pytest.fixture(scope="module")
def speech(voice):
    """About twelve seconds."""
    text = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少？床前明月光，疑是地上霜。举头望明月，低头思故乡。"
    return voice.synthesize(text).wav


@pytest.fixture(scope="module")
def marked(speech):
    return mark(speech, RATE, KEY, PAYLOAD)


CHANGES = {
    "nothing": lambda wav: wav,
    "mp3 64k": lambda wav: codecs.mp3(wav, RATE),
    "opus 24k": lambda wav: codecs.opus(wav, RATE),
    "16k and back": lambda wav: resample(resample(wav, RATE, 16000), 16000, RATE),
    "-30 dB": lambda wav: wav * np.float32(0.0316),
    "cut": lambda wav: wav[30011 : 30011 + 6 * RATE],
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_payload_is_read_back(marked, change):
    found = read_watermark(CHANGES[change](marked), RATE, KEY)
    assert (found.present, found.payload) == (True, PAYLOAD)
    assert found.score > found.threshold


@pytest.mark.parametrize("payload", [0, 1, 0x01020304, LARGEST_PAYLOAD])
def test_every_payload_has_its_place(speech, payload):
    assert read_watermark(mark(speech, RATE, KEY, payload), RATE, KEY).payload == payload


def test_other_keys_and_unmarked_speech_show_nothing(speech, marked):
    for wav, key in ((marked, KEY + b"!"), (speech, KEY), (np.zeros(RATE, np.float32), KEY), (np.zeros(0, np.float32), KEY)):
        found = read_watermark(wav, RATE, key)
        assert (found.present, found.payload) == (False, None)
        assert found.score < found.threshold


def test_a_loop_as_long_as_the_pattern_is_no_mark():
    loop = np.random.default_rng(0).standard_normal(round(2.56 * RATE)).astype(np.float32)
    assert not read_watermark(np.tile(loop, 5), RATE, KEY).present


def test_a_stream_is_the_whole_to_the_last_bit(marked, speech, pieces):
    for seed in range(3):
        marker = Watermarker(RATE, KEY, PAYLOAD)
        out, given = [], 0
        for piece, _ in pieces(np.random.default_rng(seed), speech):
            out.append(marker.push(piece))
            given += len(piece)
            assert 0 <= given - sum(map(len, out)) <= 0.02 * RATE
        out.append(marker.finish())
        np.testing.assert_array_equal(np.concatenate(out), marked)


def test_chunks_keep_their_order_and_places(marked, speech):
    chunks = [AudioChunk(speech[at : at + 5000], RATE, at, warnings=(str(at),)) for at in range(0, len(speech), 5000)]
    out = list(mark_chunks(chunks, KEY, PAYLOAD))
    np.testing.assert_array_equal(np.concatenate([chunk.wav for chunk in out]), marked)
    assert [c.start_samples for c in out] == np.cumsum([0, *[len(c.wav) for c in out[:-1]]]).tolist()
    assert [c.warnings for c in out[:-1]] == [c.warnings for c in chunks]
    assert list(mark_chunks([], KEY, PAYLOAD)) == []


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_other_rates_are_marked_too(speech, rate):
    wav = mark(resample(speech, RATE, rate), rate, KEY, PAYLOAD)
    assert read_watermark(wav, rate, KEY).payload == PAYLOAD


def test_the_change_is_small_and_silence_stays_silence(speech, marked):
    assert len(marked) == len(speech)
    assert marked.dtype == np.float32
    assert 10 * np.log10(np.mean(speech**2) / np.mean((marked - speech) ** 2)) > 24
    quiet = np.concatenate([np.zeros(RATE, np.float32), speech[:RATE]])
    assert not mark(quiet, RATE, KEY, PAYLOAD)[: RATE - 1000].any()


@pytest.mark.parametrize("samples", [0, 1, 239, 240, 241, 1000])
def test_short_audio_keeps_its_length(samples):
    assert len(mark(np.ones(samples, np.float32), RATE, KEY, 0)) == samples


def test_a_marked_minute_in_ten_is_found_by_its_stretch(speech, marked):
    hiss = np.random.default_rng(1).standard_normal(100 * RATE).astype(np.float32) * np.float32(0.05)
    assert read_watermark(np.concatenate([hiss, marked]), RATE, KEY).present


def test_what_cannot_be_is_told():
    with pytest.raises(RequestError, match="at least 16 bytes, this one 5"):
        mark(np.zeros(10, np.float32), RATE, b"short", 0)
    with pytest.raises(RequestError, match="at least 16 bytes"):
        read_watermark(np.zeros(10, np.float32), RATE, b"")
    for payload in (-1, LARGEST_PAYLOAD + 1):
        with pytest.raises(RequestError, match="payload of a watermark is 0 to 4294967295"):
            Watermarker(RATE, KEY, payload)
