import json
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from tests.store.conftest import FIELDS, FILES

import tingshuo
from tingshuo.config import MelConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.errors import BundleError, EngineError, RequestError, TextError, UnknownVoiceError
from tingshuo.store.bundle import write_bundle
from tingshuo.tasks import vocoder
from tingshuo.tasks.fastspeech import FastSpeechPerformer
from tingshuo.tasks.tts import SpeechStream
from tingshuo.types import EMOTIONS, SpeechRequest

TEXT = "今天上午我们去公园散步，天气特别好。孩子们在草地上跑来跑去！"


def spoken_s(speech):
    return sum(c.end_s - c.start_s for w in speech.words for c in w.characters)


def level_db(wav):
    return 10 * np.log10(np.mean(np.square(wav, dtype=np.float64)) + 1e-20)


def test_streamed_samples_are_the_one_shot_samples(voice):
    chunks = list(voice.stream(TEXT, emotion="happy"))
    whole = voice.synthesize(TEXT, emotion="happy").wav
    assert len(chunks) > 3
    assert np.array_equal(np.concatenate([chunk.wav for chunk in chunks]), whole)
    starts = np.cumsum([0, *(len(chunk.wav) for chunk in chunks)])
    assert [chunk.start_samples for chunk in chunks] == list(starts[:-1])


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_samples_do_not_depend_on_where_a_sentence_is_cut(monkeypatch, precision):
    voice = tingshuo.load(precision=precision)
    usual = voice.synthesize(TEXT).wav
    monkeypatch.setattr(vocoder, "FIRST_CHUNK_FRAMES", 37)
    monkeypatch.setattr(vocoder, "LONGEST_CHUNK_FRAMES", 61)
    other = voice.synthesize(TEXT).wav
    assert len(other) == len(usual)
    assert level_db(other - usual) < -90


def test_the_seed_fixes_the_noise_and_nothing_else(voice):
    a, b, c = (voice.synthesize("你好吗？", seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(a.wav, b.wav)
    assert not np.array_equal(a.wav, c.wav)
    assert a.sentences == c.sentences


def test_threads_may_share_a_voice(voice):
    texts = ["第一句话。", "这是第二句，稍微长一点。", "三。", "最后一句话说完了。"]
    alone = [voice.synthesize(text).wav for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: voice.synthesize(text).wav, texts))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.5, 2.0])
def test_speed_divides_durations(voice, speed):
    assert spoken_s(voice.synthesize(TEXT, speed=speed)) == pytest.approx(spoken_s(voice.synthesize(TEXT)) / speed, rel=0.06)


def test_volume_is_a_fixed_gain(voice):
    usual, quiet = voice.synthesize(TEXT).wav, voice.synthesize(TEXT, volume=-6.0).wav
    assert np.allclose(quiet, usual * 10 ** (-6 / 20), atol=1e-6)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_no_emotion_clips_even_at_full_volume(voice, emotion):
    wav = voice.synthesize("太好了，我们赢了！", emotion=emotion, strength=1.5, volume=20.0).wav
    assert np.isfinite(wav).all()
    assert np.abs(wav).max() < 1.0


def test_emotions_differ_and_neutral_does_not(voice):
    heard = {emotion: voice.synthesize("他昨天去了北京。", emotion=emotion).wav for emotion in EMOTIONS}
    assert len({wav.tobytes() for wav in heard.values()}) == len(EMOTIONS)
    assert np.array_equal(voice.synthesize("他昨天去了北京。", emotion="angry", strength=0.0).wav, heard["neutral"])


def test_words_are_in_order_and_inside_the_audio(voice):
    speech = voice.synthesize(TEXT)
    times = [t for w in speech.words for c in w.characters for t in (c.start_s, c.end_s)]
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < speech.duration_s
    assert "".join(c.text for w in speech.words for c in w.characters) == "今天上午我们去公园散步天气特别好孩子们在草地上跑来跑去"
    assert [s.text for s in speech.sentences][-1].endswith("跑来跑去！")


def test_each_sentence_is_announced_with_its_first_chunk(voice):
    stream = voice.stream(TEXT)
    announced = [(chunk.start_samples, chunk.sentence) for chunk in stream if chunk.sentence]
    assert tuple(sentence for _, sentence in announced) == stream.sentences
    for start, sentence in announced:
        assert start / voice.sample_rate <= sentence.start_s


def test_closing_a_stream_ends_it(voice):
    stream = voice.stream(TEXT * 20)
    next(stream)
    stream.close()
    assert list(stream) == []


def test_stages_add_up(voice):
    speech = voice.synthesize(TEXT)
    s = speech.stages
    total_s = (s.text_ms + s.speaker_ms + s.acoustic_ms + s.vocoder_ms) / 1000
    assert s.rtf == pytest.approx(total_s / speech.duration_s, rel=0.01)
    assert 0 < s.ttfb_ms < total_s * 1000


def test_a_refused_text_is_refused_before_the_first_chunk(voice):
    with pytest.raises(TextError):
        voice.stream("……")


def test_an_unknown_style_or_precision_names_the_known_ones(voice):
    with pytest.raises(UnknownVoiceError, match=voice.styles[0]):
        voice.stream("好", style="nobody")
    with pytest.raises(RequestError, match="fp32"):
        tingshuo.load(precision="fp8")


def test_every_speaker_of_a_bundle_speaks(pair):
    first, second = pair.speakers
    usual, named, deep = (pair.synthesize("你好，今天天气很好。", speaker=speaker) for speaker in (None, first, second))
    assert np.array_equal(usual.wav, named.wav)
    assert not np.array_equal(usual.wav, deep.wav)
    assert usual.sentences == deep.sentences  # one rhythm: it belongs to the style
    own, other = pair.timbre(speaker=first), pair.timbre(speaker=second)
    assert not np.array_equal(own.speaker, other.speaker)
    assert (other.f0.name, other.f0.log_f0_mean) == (second, pair.config.speakers[1].log_f0_mean)
    assert pair.stream("好。", speaker=second).speaker == second
    with pytest.raises(UnknownVoiceError, match=f"unknown speaker 'wu' of voice 'pair'; accepted: {first}, deep") as caught:
        pair.stream("好", speaker="wu")
    assert caught.value.param == "speaker"


def test_save_writes_a_file_of_the_audio(voice, tmp_path):
    import soundfile

    speech = voice.synthesize("你好。")
    wav, rate = soundfile.read(speech.save(tmp_path / "a.wav"), dtype="float32")
    assert rate == voice.sample_rate
    assert np.abs(wav - speech.wav).max() < 1e-4


def test_synthesis_is_built_on_the_stream(voice):
    assert isinstance(voice.stream("好"), SpeechStream)


def test_a_vocoder_alone_is_no_voice(tmp_path):
    sizes = {"hifigan.channels": 2}
    config = VocoderBundleConfig(family="vocoder+hifigan", mel=MelConfig(), vocoder_context_frames=1, architecture=sizes)
    nobody = {"speakers": [], "styles": [], "emotions": []}
    fields = FIELDS | nobody | {"family": config.family, "task": "vocoder"}
    files = FILES | {"config.json": json.dumps(config.fields()).encode()}
    folder = write_bundle(tmp_path / "vocoder", fields, files)
    with pytest.raises(BundleError, match="vocoder: is not a voice that speaks: its task is vocoder"):
        tingshuo.load(folder)


def test_a_voice_of_another_family_has_no_config_of_ours(voice, speaking):
    assert voice.config is voice.settings
    other = speaking("sambert")
    for ask in (lambda: other.config, other.timbre):
        with pytest.raises(BundleError, match=r"sambert: is of the family sambert\+kan_hifigan, and this is possible"):
            ask()


LINES = "今天天气真好，我们一起去公园散步。\n晚上再回家吃饭！明天还要上班，早点休息。\n然后呢？没有了。"


def never(_) -> Future:
    """A thread that is always busy."""
    return Future()


@pytest.mark.parametrize("busy", [True, False])
def test_what_is_begun_ahead_is_the_same_speech(voice, busy):
    request = SpeechRequest(text=LINES, speed=1.1, emotion="happy")
    expected = voice.finish(voice.speak(request))
    with ThreadPoolExecutor(1) as pool:
        stream = voice.speak(request, ahead=never if busy else pool.submit)
        chunks = list(stream)
    np.testing.assert_array_equal(np.concatenate([chunk.wav for chunk in chunks]), expected.wav)
    assert stream.sentences == expected.sentences
    assert stream.warnings == expected.warnings
    assert [c.start_samples for c in chunks] == list(np.cumsum([0, *(len(c.wav) for c in chunks)])[:-1])


def test_nothing_is_begun_before_the_first_sound_and_each_sentence_once(voice):
    asked = []

    def ahead(function):
        asked.append(function)
        return Future()

    stream = voice.speak(SpeechRequest(text=LINES), ahead=ahead)
    next(stream)
    assert not asked
    list(stream)
    assert len(asked) == len(stream.sentences)  # the last one finds that there is none after it


def test_an_error_of_a_sentence_comes_after_the_one_before_it(voice, monkeypatch):
    request = SpeechRequest(text=LINES)
    first = next(iter(voice.finish(voice.speak(request)).sentences))
    perform = FastSpeechPerformer.perform

    def fail_later(self, sentence, start_samples, stopwatch):
        if start_samples:
            raise EngineError("the graph broke")
        return perform(self, sentence, start_samples, stopwatch)

    monkeypatch.setattr(FastSpeechPerformer, "perform", fail_later)
    with ThreadPoolExecutor(1) as pool:
        stream = voice.speak(request, ahead=pool.submit)
        with pytest.raises(EngineError, match="the graph broke"):
            list(stream)
    assert stream.duration_s >= first.end_s


def test_who_stops_calls_off_what_was_not_begun(voice):
    futures = []

    def ahead(_):
        futures.append(Future())
        return futures[-1]

    stream = voice.speak(SpeechRequest(text=LINES), ahead=ahead)
    next(stream)
    next(stream)
    stream.close()
    assert [future.cancelled() for future in futures] == [True]
