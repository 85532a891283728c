"""Transcripts and the files that tell of them."""

import json
import math
from dataclasses import replace

import pytest

from tingshuo.errors import RequestError
from tingshuo.tasks.recognise.transcript import EXTENSIONS, FORMATS, Alternative, Segment, Transcript, Word, main_language

FIRST = Segment(
    "你好 ok", 1.0, 2.5, 0.5, (Word("你", 1.1, 1.3, 0.9), Word("好", 1.3, 1.5, 0.8), Word("ok", 2.0, 2.4, 0.25)),
    (Alternative("你号 ok", -3.25, 0.4),), {"language": "zh"}, ("你好",), 0.9375,
)  # fmt: skip
SECOND = Segment("再见。", 3.0, 4.0, 1.0)
BOTH = Transcript((FIRST, SECOND), 5.12345, "zh", ("careful",))


def test_the_text_has_a_blank_where_no_mark_ends_a_segment():
    assert BOTH.text == "你好 ok 再见。"
    assert Transcript((SECOND, FIRST), 5).text == "再见。你好 ok"
    assert Transcript((replace(SECOND, text="Yes."), FIRST), 5).text == "Yes. 你好 ok"
    assert Transcript((), 5).text == ""
    assert BOTH.words == FIRST.words


def test_text_has_a_segment_a_line():
    assert BOTH.write("text") == "你好 ok\n再见。\n"


def test_json_tells_everything():
    told = json.loads(BOTH.write("json"))
    assert (told["text"], told["language"], told["duration_s"], told["warnings"]) == ("你好 ok 再见。", "zh", 5.123, ["careful"])
    assert told["segments"][0]["words"][2] == {"text": "ok", "start_s": 2.0, "end_s": 2.4, "confidence": 0.25}
    assert told["segments"][0]["alternatives"] == [{"text": "你号 ok", "score": -3.25, "confidence": 0.4}]
    assert (told["segments"][0]["tags"], told["segments"][0]["hotwords"]) == ({"language": "zh"}, ["你好"])
    assert (told["segments"][1]["words"], told["segments"][1]["speech"]) == ([], 1.0)
    assert "你好" in BOTH.write("json")


def test_verbose_json_is_openais_shape():
    told = json.loads(BOTH.write("verbose_json"))
    assert (told["task"], told["language"], told["duration"], told["text"]) == ("transcribe", "chinese", 5.123, BOTH.text)
    assert told["words"][0] == {"word": "你", "start": 1.1, "end": 1.3}
    first = told["segments"][0]
    assert set(first) == {
        "id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob",
    }  # fmt: skip
    assert (first["id"], first["seek"], first["start"], first["end"], first["text"]) == (0, 100, 1.0, 2.5, "你好 ok")
    assert first["avg_logprob"] == pytest.approx(math.log(0.5), abs=1e-3)
    assert first["no_speech_prob"] == pytest.approx(0.0625, abs=1e-3)
    assert told["segments"][1]["id"] == 1
    doubtful = Transcript((replace(FIRST, confidence=0.0),), 5)
    assert json.loads(doubtful.write("verbose_json"))["segments"][0]["avg_logprob"] < -13
    assert json.loads(doubtful.write("verbose_json"))["language"] is None


def test_subtitles():
    assert BOTH.write("srt") == "1\n00:00:01,000 --> 00:00:02,500\n你好 ok\n\n2\n00:00:03,000 --> 00:00:04,000\n再见。\n"
    assert BOTH.write("vtt").startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n你好 ok\n")
    long = Segment("一" * 30, 0.0, 9.0, 1.0, tuple(Word("一", 0.3 * n, 0.3 * n + 0.3, 1.0) for n in range(30)))
    assert Transcript((long,), 9).write("srt").count("-->") > 1


def test_nothing_was_said():
    empty = Transcript((), 3.0)
    assert (empty.write("text"), empty.write("srt"), empty.write("vtt")) == ("", "", "WEBVTT\n")
    assert json.loads(empty.write("json"))["segments"] == json.loads(empty.write("verbose_json"))["words"] == []


def test_an_unknown_format_names_the_known_ones():
    assert set(EXTENSIONS) == set(FORMATS)
    with pytest.raises(RequestError, match="unknown format 'doc'; accepted: text, json, srt, vtt, verbose_json"):
        BOTH.write("doc")


def test_the_language_is_that_of_most_of_the_time():
    english = replace(SECOND, tags={"language": "en"})
    assert main_language([FIRST, english]) == "zh"
    assert main_language([FIRST, english, english]) == "en"
    assert main_language([SECOND]) is None
    assert main_language([SECOND], "yue") == "yue"
