from tingshuo.tasks.evaluate.sentences import SENTENCES
from tingshuo.text.frontend import Frontend


def test_they_differ_and_cover_all_tones_and_kinds():
    assert len(set(SENTENCES)) == len(SENTENCES) == 30
    assert {text[-1] for text in SENTENCES} == set("。？！")
    spoken = [
        s for text in SENTENCES for sentence in Frontend().sentences(text) for word in sentence.words for s in word.syllables
    ]
    tones = [syllable.tone for syllable in spoken]
    assert len(tones) > 400
    assert all(tones.count(tone) > 20 for tone in range(1, 6))
    assert len({syllable.initial for syllable in spoken}) > 20
    assert len({syllable.final for syllable in spoken}) > 30


def test_nothing_is_dropped_when_they_are_spoken():
    for text in SENTENCES:
        frontend = Frontend()
        list(frontend.sentences(text))
        assert frontend.warnings == ()
