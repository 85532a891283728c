"""However a sentence is cut, its samples are the same; silence stands where it was asked for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tingshuo.tasks import vocoder
from tingshuo.tasks.windows import (
    Rest,
    at_level,
    find_rests,
    pause_after,
    render_windows,
    rested,
    silence,
    with_rests,
)
from tingshuo.text.foreign.symbols import Symbols
from tingshuo.text.symbols import make_syllable
from tingshuo.types import GraphSpec, Sentence, Word

HOP, BEFORE, AFTER = 4, 3, 2
COMMA = Word("，", pause_ms=150)


class Summing:
    """A graph whose samples are sums of the frames around theirs, which it fills with zeros at its ends."""

    spec = GraphSpec(outputs={"wav": ("float32", (1, "T"))})

    def __init__(self) -> None:
        self.widths: list[int] = []

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        frames = inputs["frames"]
        self.widths.append(len(frames))
        sums = np.convolve(np.pad(frames, (BEFORE, AFTER)), np.ones(BEFORE + 1 + AFTER), "valid")
        return {"wav": np.repeat(sums, HOP)[None].astype(np.float32)}


def render(frames: np.ndarray, *, first: bool) -> tuple[list[np.ndarray], Summing]:
    graph = Summing()
    parts = render_windows(
        graph, lambda low, high: {"frames": frames[low:high]}, len(frames), HOP, (BEFORE, AFTER), first=first  # type: ignore[arg-type]
    )  # fmt: skip
    return list(parts), graph


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("longest", [1, 5, 64])
def test_pieces_are_the_sentence(monkeypatch: pytest.MonkeyPatch, first: bool, longest: int) -> None:
    monkeypatch.setattr(vocoder, "FIRST_CHUNK_FRAMES", 2)
    monkeypatch.setattr(vocoder, "LONGEST_CHUNK_FRAMES", longest)
    frames = np.random.default_rng(0).integers(0, 9, 23) / 64
    parts, graph = render(frames, first=first)
    np.testing.assert_array_equal(np.concatenate(parts), Summing().run({"frames": frames})["wav"][0])
    assert len(graph.widths) == len(parts)
    assert max(graph.widths) <= max(len(part) for part in parts) // HOP + BEFORE + AFTER


def test_samples_never_pass_one() -> None:
    parts, _ = render(np.ones(9), first=True)
    assert np.concatenate(parts).max() == 1


def test_whoever_waits_gets_a_short_piece_first() -> None:
    frames = np.zeros(900)
    waiting, going_on = (render(frames, first=first)[0] for first in (True, False))
    assert len(waiting[0]) == vocoder.FIRST_CHUNK_FRAMES * HOP < len(going_on[0])


def test_a_level_of_zero_leaves_samples_alone_and_others_do_not_clip() -> None:
    wav = np.array([0.5, -0.9, 0.01], np.float32)
    assert next(at_level(iter([wav]), 0.0)) is wav
    np.testing.assert_allclose(next(at_level(iter([wav]), -6.0)), wav * 10 ** (-6 / 20), rtol=1e-5)
    loud = next(at_level(iter([wav]), 20.0))
    assert loud.dtype == np.float32
    assert np.abs(loud).max() < 1


def spoken(text: str, *pinyin: str) -> Word:
    return Word(text, tuple(make_syllable(hanzi, one) for hanzi, one in zip(text, pinyin, strict=True)))


NI_HAO, ZAI_JIAN = spoken("你好", "ni2", "hao3"), spoken("再见", "zai4", "jian4")


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ((NI_HAO,), 0.3),
        ((NI_HAO, Word("。", pause_ms=400)), 0.3),  # punctuation is told to the model, which makes a pause of it
        ((NI_HAO, Word("", pause_ms=200)), 0.3),
        ((NI_HAO, Word("", pause_ms=900)), 0.9),
        ((NI_HAO, Word("", pause_ms=900), Word("。", pause_ms=400)), 0.9),
        ((NI_HAO, Word("", pause_ms=900), ZAI_JIAN, Word("。", pause_ms=400)), 0.3),
    ],
)
def test_markup_makes_the_silence_after_a_sentence_longer(words: tuple[Word, ...], seconds: float) -> None:
    assert pause_after(Sentence("", "", words), 0.3) == seconds


def symbols_of(word_index: list[int]) -> Symbols:
    rows = np.array(word_index, np.int64)
    return Symbols(np.arange(len(rows))[:, None], rows, np.where(rows < 0, -1, 0))


def test_rests_fill_up_what_the_model_leaves_between_words() -> None:
    words = (NI_HAO, COMMA, Word("", pause_ms=100), ZAI_JIAN, COMMA, NI_HAO, Word("", pause_ms=500))
    word_index, durations = np.array([0, 0, -1, 3, -1, 5]), np.array([2, 2, 3, 5, 1, 4])
    # Of ten frames the model's break has three: the rest is seven, in the middle of it.
    assert find_rests(Sentence("", "", words), word_index, durations, 0.01) == (Rest(3, 5, 7),)
    assert find_rests(Sentence("", "", words), word_index, durations * 4, 0.01) == ()


def test_a_rest_may_come_before_the_first_word_and_between_words_that_touch() -> None:
    words = (Word("", pause_ms=30), NI_HAO, Word("", pause_ms=20), ZAI_JIAN)
    sentence = Sentence("", "", words)
    assert find_rests(sentence, np.array([1, 1, 3]), np.array([4, 4, 4]), 0.01) == (Rest(0, 0, 3), Rest(2, 8, 2))


def test_rests_are_frames_of_no_word() -> None:
    symbols, durations = rested(symbols_of([0, -1, 2]), np.array([2, 3, 4]), (Rest(0, 0, 9), Rest(2, 3, 8)))
    assert symbols.word_index.tolist() == [-1, 0, -1, -1, 2]
    assert symbols.syllable_index.tolist() == [-1, 0, -1, -1, 0]
    assert durations.tolist() == [9, 2, 3, 8, 4]
    assert symbols.ids.shape == (5, 1)


@pytest.mark.parametrize("cut", [1, 3, 8, 12, 40])
def test_rests_stand_where_they_belong_however_samples_are_cut(cut: int) -> None:
    wav = np.arange(1, 41, dtype=np.float32)
    rests = (Rest(0, 0, 1), Rest(1, 3, 2), Rest(2, 10, 1))
    parts = with_rests((wav[n : n + cut] for n in range(0, 40, cut)), rests, HOP)
    heard = np.concatenate(list(parts))
    assert heard.tolist() == [0] * 4 + list(range(1, 13)) + [0] * 8 + list(range(13, 41)) + [0] * 4


def test_silence_has_as_many_samples_as_it_lasts() -> None:
    assert (len(silence(0.25, 16000)), silence(0.25, 16000).dtype, len(silence(0.0, 16000))) == (4000, np.float32, 0)
