import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.errors import RequestError
from tingshuo.text.subtitles import FORMATS, Cue, Mark, cues, subtitles
from tingshuo.types import TimedSentence, TimedWord

RATE_S = 0.2
"""Seconds of a character in these tests."""


def timed(text: str, words: str, start_s: float = 0.0, *, tail_s: float = 0.3) -> TimedSentence:
    """Make a sentence whose words, parted by blanks, follow each other; ``|`` is a second of silence."""
    now, out = start_s, []
    for word in words.split():
        if word == "|":
            now += 1
            continue
        out.append(TimedWord(word, now, now + RATE_S * len(word)))
        now = out[-1].end_s
    return TimedSentence(text, start_s, now + tail_s, tuple(out))


WEATHER = timed("今天3℃，出门。", "今天 三 摄氏度 | 出门")
LONG = timed(
    "他说：“我们一起去重庆玩吧，好不好呀，我的朋友，你快点儿来呀，我等着你。”",
    "他 说 我们 一起 去 重庆 玩 吧 | 好不好 呀 我的 朋友 | 你 快点儿 来 呀 | 我 等着 你",
    3.0,
)


def test_srt() -> None:
    assert subtitles([WEATHER, timed("好。", "好", 2.9)], "srt") == (
        "1\n00:00:00,000 --> 00:00:02,900\n今天3℃，出门。\n\n2\n00:00:02,900 --> 00:00:03,400\n好。\n"
    )


def test_vtt() -> None:
    assert subtitles([WEATHER], "vtt") == "WEBVTT\n\n00:00:00.000 --> 00:00:02.900\n今天3℃，出门。\n"
    assert subtitles([timed("好", "好", 3661.5)], "vtt").splitlines()[2] == "01:01:01.500 --> 01:01:02.000"


def test_lrc() -> None:
    assert subtitles([WEATHER], "lrc") == "[00:00.00]今天3℃，出门。\n[00:02.90]\n"
    assert subtitles([timed("好", "好", 6005.129)], "lrc").startswith("[100:05.12]好")


def test_times_of_words() -> None:
    assert subtitles([WEATHER], "vtt", words=True).splitlines()[3] == "今天<00:00:00.400>3℃，<00:00:02.200>出门。"
    assert subtitles([WEATHER], "lrc", words=True).splitlines()[0] == "[00:00.00]<00:00.00>今天<00:00.40>3℃，<00:02.20>出门。"
    with pytest.raises(RequestError, match=r"vtt and lrc"):
        subtitles([WEATHER], "srt", words=True)


@pytest.mark.parametrize(
    ("format", "line"),
    [("srt", "A<b>&→[00:12]<3"), ("vtt", "A&lt;b&gt;&amp;--&gt;[00:12]&lt;3"), ("lrc", "A<b>&-->［00:12]＜3")],
)
def test_what_a_player_would_take_for_markup_is_escaped(format: str, line: str) -> None:
    written = subtitles([timed("A<b>&-->[00:12]<3", "A b", 1)], format)
    assert line in written


def test_line_ends_in_the_text_do_not_end_a_cue() -> None:
    assert [cue.text for cue in cues([timed("一\r\n\r\n二\u2028三", "一 二 三")])] == ["一 二 三"]


def test_a_long_sentence_is_cut_where_the_speaker_pauses_at_the_times_of_its_words() -> None:
    lines = cues([LONG])
    assert [cue.text for cue in lines] == ["他说：“我们一起去重庆玩吧，好不好呀，", "我的朋友，你快点儿来呀，我等着你。”"]
    assert [(cue.start_ms, cue.end_ms) for cue in lines] == [(3000, 7000), (7000, 12100)]
    assert cues([LONG], longest_line=12)[2].start_ms == 8800
    assert lines[0].words[1] == Mark(3, 3400)


def test_a_line_is_as_long_as_asked_for() -> None:
    assert max(len(cue.text) for cue in cues([LONG], longest_line=10)) <= 13
    assert len(cues([LONG], longest_line=60)) == 1


def test_a_sentence_without_words_is_one_line_and_one_without_text_none() -> None:
    assert cues([TimedSentence("好" * 30, 0, 1), TimedSentence(" ", 1, 2)]) == [Cue(0, 1000, "好" * 30)]
    assert subtitles([], "vtt") == "WEBVTT\n"
    assert subtitles([], "srt") == subtitles([], "lrc") == ""


def test_cues_that_would_overlap_are_pushed_apart() -> None:
    first, second, third = cues([timed("一", "一", 0), timed("二", "二", 0.1), TimedSentence("三", 0.2, 0.2)])
    assert (first.start_ms, first.end_ms) == (0, 500)
    assert (second.start_ms, second.end_ms) == (500, 600)
    assert (third.start_ms, third.end_ms) == (600, 601)


def test_an_unknown_format_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(RequestError, match=r"srt, vtt, lrc"):
        subtitles([], "ass")
    assert FORMATS == ("srt", "vtt", "lrc")


_SENTENCES = st.lists(
    st.tuples(st.text("我们的，。“”A1 ℃（）", min_size=1, max_size=60), st.text("我们的A一 摄氏度|", max_size=60)), max_size=5
)


@given(_SENTENCES, st.integers(1, 30))
@settings(deadline=None)
def test_any_sentences_make_cues_in_order_with_all_their_text(parts: list[tuple[str, str]], longest_line: int) -> None:
    sentences = []
    for i, (text, words) in enumerate(parts):
        sentences.append(timed(text, words.replace("|", " | "), 10.0 * i))
    lines = cues(sentences, longest_line=longest_line)
    assert "".join("".join(cue.text for cue in lines).split()) == "".join("".join(text for text, _ in parts).split())
    ends = [0]
    for cue in lines:
        assert ends[-1] <= cue.start_ms < cue.end_ms
        assert all(cue.start_ms < mark.ms < cue.end_ms and 0 <= mark.at <= len(cue.text) for mark in cue.words)
        ends.append(cue.end_ms)
    for format in ("vtt", "lrc"):
        plain = re.sub(r"<[\d:.]+>", "", subtitles(sentences, format, words=True, longest_line=longest_line))
        assert plain == subtitles(sentences, format, longest_line=longest_line)
