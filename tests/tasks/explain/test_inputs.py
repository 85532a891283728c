import numpy as np
import pytest

from tingshuo.tasks.explain.inputs import LINE_END, TONES, apply_all, neutral_phones, replacements
from tingshuo.text.frontend import Frontend
from tingshuo.text.symbols import ENGLISH_PHONES, encode, make_syllable
from tingshuo.types import Word


def words_of(text):
    return next(Frontend(english=True).sentences(text)).words


def named(words, kind):
    return [one for one in replacements(words) if one.kind == kind]


def test_every_input_of_a_sentence_is_found():
    words = words_of("你好，我们走吧。")
    found = [(one.kind, one.of, one.span) for one in replacements(words)]
    assert found == [
        ("phones", "你好", (0, 2)),
        ("tone", "你", (0, 1)),
        ("tone", "好", (1, 2)),
        ("pause", "，", (2, 2)),
        ("phones", "我们", (2, 4)),
        ("tone", "我", (2, 3)),
        ("phones", "走", (4, 5)),
        ("tone", "走", (4, 5)),
        ("boundary", "走", (4, 4)),
        ("phones", "吧", (5, 6)),
        ("boundary", "吧", (5, 5)),
        ("pause", "。", (6, 6)),
    ]
    assert [one.value for one in named(words, "tone")] == ["2", "3", "3", "3"]  # as spoken: sandhi makes 你 rise


@pytest.mark.parametrize("text", ["你好，我们走吧。", "一点儿WiFi，的确。", "Hello, 爱我呀"])
def test_a_replacement_keeps_the_spoken_phones_and_changes_the_graph_s_input_unless_it_ends_the_sentence(text):
    words = words_of(text)
    before, n = encode(words), sum(len(word.syllables) for word in words)
    for one in replacements(words):
        after = encode(one.apply(words))
        assert (after.word_index >= 0).sum() == (before.word_index >= 0).sum()
        changed = {
            name
            for name in ("ids", "tones", "positions")
            if not np.array_equal(getattr(before, name)[before.word_index >= 0], getattr(after, name)[after.word_index >= 0])
        }
        assert changed == {"phones": {"ids"}, "tone": {"tones"}, "boundary": {"positions"}, "pause": set()}[one.kind]
        dropped = len(before.ids) - len(after.ids)
        assert dropped == (one.kind == "pause" and one.span != (n, n))


def test_only_the_replaced_syllable_changes_its_tone():
    words = words_of("今天天气很好。")
    before = encode(words).tones
    for one in named(words, "tone"):
        after = encode(one.apply(words)).tones
        assert set(after[before != after]) == {5}
        assert len(set(before[before != after])) == 1
        assert (before != after).sum() <= 2


def test_a_boundary_is_the_first_phone_of_its_word():
    words = words_of("我们走吧。")
    (walk, _) = named(words, "boundary")
    before, after = encode(words), encode(walk.apply(words))
    at = np.flatnonzero(before.positions != after.positions)
    assert before.word_index[at].tolist() == [1]
    assert (before.positions[at], after.positions[at]) == ([1], [2])


def test_all_at_once_is_each_of_them():
    words = words_of("老师让我们走吧，好吗？")
    every = list(replacements(words))
    before, after = encode(words), encode(apply_all(words, every))
    spoken = before.word_index >= 0
    assert len(after.ids) == len(before.ids) - 1  # the comma's pause is gone
    assert set(after.tones[after.word_index >= 0]) == {5}
    starts = np.flatnonzero(after.positions[after.word_index >= 0] == 1)
    # What follows a pause that is dropped still begins a word.
    assert len(starts) == 2
    assert len(np.unique(after.ids[after.word_index >= 0])) < len(np.unique(before.ids[spoken]))
    assert apply_all(words, []) == words


def test_phones_become_de_and_de_becomes_da():
    assert [one.instead for one in named(words_of("好的。"), "phones")] == ["de", "da"]
    word = Word("花儿", (make_syllable("花儿", "huar1"),))
    assert named((word,), "phones")[0].instead == "der"
    assert [s.tone for s in neutral_phones(word).syllables] == [1]
    assert named((Word("爱", (make_syllable("爱", "ai4"),)),), "phones")[0].instead == "e"


def test_english_phones_become_english_ones():
    words = words_of("Hello")
    (phones,) = named(words, "phones")
    assert phones.instead == "D AH D AH D"[: len(phones.instead)]
    assert {p for s in phones.apply(words)[0].syllables for p in s.phones} <= set(ENGLISH_PHONES)
    assert {one.instead for one in named(words, "tone")} == {"6"}


def test_a_neutral_tone_is_not_replaced_and_a_pause_without_a_mark_has_a_sign():
    assert 5 not in TONES
    assert not named(words_of("的"), "tone")
    assert [one.of for one in named(words_of("你好\n\n再见"), "pause")] == [LINE_END]
