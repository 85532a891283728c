import pytest

from tingshuo.tasks.explain.result import Influence
from tingshuo.tasks.explain.summary import Found
from tingshuo.tasks.explain.tell import in_chinese, in_english


def found(made, index, measure, syllable):
    influence = made.influences[index]
    return Found(made, influence, measure, syllable, float(influence.change[measure][syllable]))


@pytest.mark.parametrize(
    ("index", "measure", "syllable", "chinese", "english"),
    [
        (
            1, "f0", 1,
            "“好”的三声使它前面的“天”低 1.2 个半音（对比轻声）。",
            "The third tone of 好 makes 天, the syllable before it, 1.2 semitones lower (against a neutral tone).",
        ),
        (
            1, "energy", 2,
            "“好”的三声使它自己强 0.8 dB（对比轻声）。",
            "The third tone of 好 makes 好 itself 0.8 dB louder (against a neutral tone).",
        ),
        (
            0, "duration", 0,
            "“今天”的音素使其中的“今”长 40 %（对比“de de”）。",
            "The phones of 今天 make 今 in it 40 % longer (against de de).",
        ),
        (
            2, "duration", 0,
            "“好”前的词界使往前第 2 个音节“今”长 3 %（对比没有词界）。",
            "The word boundary before 好 makes 今, 2 syllables before it, 3 % longer (against no boundary).",
        ),
        (
            2, "duration", 2,
            "“好”前的词界使它后面的“好”长 25 %（对比没有词界）。",
            "The word boundary before 好 makes 好, the syllable after it, 25 % longer (against no boundary).",
        ),
    ],
)  # fmt: skip
def test_an_influence_reads_as_a_sentence(made, index, measure, syllable, chinese, english):
    one = found(made, index, measure, syllable)
    assert in_chinese(one) == chinese
    assert in_english(one) == english


def test_what_is_written_twice_gets_its_number(made):
    import dataclasses

    again = dataclasses.replace(made.influences[1], span=(0, 1))
    sentence = dataclasses.replace(made, influences=(*made.influences, again))
    one = Found(sentence, made.influences[1], "f0", 1, -1.2)
    assert in_chinese(one).startswith("“好”（第 3 个音节）的三声")
    assert in_english(one).startswith("The third tone of 好 (syllable 3) makes")


def test_pauses_and_english_stress_are_told(made):
    pause = Influence("pause", "，", "", "", (1, 1), {})
    assert in_english(Found(made, pause, "energy", 2, -2.0)) == (
        "The pause at ， makes 好, 2 syllables after it, 2.0 dB softer (against no pause)."
    )
    stress = Influence("tone", "llo", "8", "6", (1, 2), {})
    assert in_chinese(Found(made, stress, "duration", 1, 7.0)) == "“llo”的重音使它自己长 7 %（对比不重读）。"
    assert in_english(Found(made, stress, "duration", 1, 7.0)).endswith("7 % longer (against no stress).")
