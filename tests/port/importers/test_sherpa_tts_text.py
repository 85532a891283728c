"""Metadata tell which input is which, and how text becomes symbols: the front ends of sherpa-onnx, one by one."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")

from tests.port.tiny_sherpa import (
    FLOAT,
    INT,
    Builder,
    initials_and_finals,
    whole_syllables,
    with_tones,
    write_tables,
)

from tingshuo.errors import PortError
from tingshuo.port.importers.sherpa_tts import find
from tingshuo.port.importers.sherpa_tts_text import Reading, read_reading

pytestmark = pytest.mark.train
ICEFALL = ("tokens", "tokens_lens", "noise_scale", "alpha", "noise_scale_dur")
PIPER = ("input", "input_lengths", "scales")
MATCHA = ("x", "x_length", "noise_scale", "length_scale")
LETTERS = ["_", "^", "$", " ", ",", *"abcdefghijklmnopqrstuvwxyzəɪʊɹˈ"]


def reading(folder: Path, inputs: tuple[str, ...], output: str = "y", tables: Any = None, **said: Any) -> Reading:
    """Write a graph that has these inputs and metadata, and read it."""
    make = Builder()
    make("Identity", "one", out=output)
    values = {name: (INT, ["N"]) for name in (*inputs, "one")}
    make.save(
        folder / "m.onnx", {n: v for n, v in values.items() if n != "one"}, {output: (FLOAT, ["T"])}, **{"n_speakers": 1, **said}
    )
    if tables:
        write_tables(folder, *tables)
    return read_reading(find(folder))


def vits(folder: Path, inputs: tuple[str, ...] = ICEFALL, **said: Any) -> Reading:
    return reading(
        folder, inputs, **{"model_type": "vits", "comment": "icefall", "language": "Chinese", "sample_rate": 16000, **said}
    )


def test_a_voice_of_initials_and_finals_stands_between_silences(tmp_path: Path):
    found = vits(tmp_path, (*ICEFALL, "speaker"), tables=initials_and_finals(), add_blank=1, n_speakers=3)
    assert found.inputs.fields() | {"scales_order": None} == {
        **dict.fromkeys(("emotion", "tones", "languages", "scales", "draws"), ""), "symbols": "tokens", "lengths": "tokens_lens",
        "noise": "noise_scale", "length": "alpha", "duration_noise": "noise_scale_dur", "speaker": "speaker", "fixed": {},
        "scales_order": None,
    }  # fmt: skip
    assert (found.text.kind, found.text.begin, found.text.end, found.text.pause, found.text.blank) == (
        "sounds",
        (0,),
        (0, 1),
        0,
        0,
    )
    assert (found.outputs.wav, found.languages) == ("y", ("zh-CN",))
    listed = vits(tmp_path, tables=initials_and_finals(), punctuation=", .")
    assert (listed.text.pause, listed.text.blank) == (2, None)


def test_a_voice_of_words_and_one_of_marks_with_tones(tmp_path: Path):
    hf = vits(tmp_path, (*ICEFALL, "sid"), tables=whole_syllables(), comment="hf-vits-models", jieba=1, add_blank=1)
    assert (hf.text.kind, hf.text.begin, hf.text.blank, hf.inputs.speaker) == ("sounds", (), 0, "sid")
    inputs = ("x", "x_lengths", "tones", "sid", "noise_scale", "length_scale", "noise_scale_w")
    melo = vits(
        tmp_path, inputs, tables=with_tones(), model_type="melo-vits", comment="melo", jieba=1, language="Chinese + English",
        speaker_id=7, add_blank=1,
    )  # fmt: skip
    assert (melo.inputs.tones, melo.inputs.speaker, melo.inputs.fixed) == ("tones", "", {"sid": 7.0})
    assert melo.text.tones["l_iou2"] == (2, 2)
    assert melo.languages == ("zh-CN", "en-US")
    assert vits(tmp_path, inputs, comment="melo", jieba=1, n_speakers=4, model_type="melo-vits").inputs.speaker == "sid"


def test_voices_of_piper_and_coqui(tmp_path: Path):
    piper = vits(
        tmp_path, (*PIPER, "sid", "langid"), tables=[LETTERS], comment="piper", language="English", voice="en-us", has_espeak=1
    )
    assert (piper.inputs.scales, piper.inputs.speaker, piper.inputs.fixed) == ("scales", "sid", {"langid": 0.0})
    assert (piper.text.kind, piper.text.phonemes, piper.text.espeak_voice, piper.text.phoneme_ids["^"]) == (
        "piper",
        "espeak",
        "en-us",
        (1,),
    )
    pinyin = vits(tmp_path, PIPER, tables=[[*"_^$", "zh", "ong", "1"]], comment="piper", has_g2pw=1, has_espeak=0, voice="zh")
    assert (pinyin.text.phonemes, pinyin.text.phoneme_ids["zh"]) == ("pinyin", (3,))
    coqui = vits(
        tmp_path, PIPER, tables=[[*LETTERS, "<BLNK>"]], comment="coqui", language="German", voice="de", has_espeak=1,
        use_eos_bos=1, bos_id=1, eos_id=2, blank_id=30, add_blank=1,
    )  # fmt: skip
    assert (coqui.text.kind, coqui.text.begin, coqui.text.end) == ("espeak", (1,), (4, 2))
    assert (coqui.text.blank, coqui.text.blank_edges, coqui.languages) == (30, False, ("de-DE",))


def test_voices_of_characters_and_of_other_languages(tmp_path: Path):
    mms = vits(tmp_path, tables=[LETTERS], comment="mms", frontend="characters", language="cantonese", add_blank=1, use_eos_bos=0)
    assert (mms.text.kind, mms.text.begin, mms.text.blank, mms.text.blank_edges) == ("characters", (), 0, False)
    english = vits(tmp_path, tables=(LETTERS, ["hi h i", "ok o k"]), comment="ljs", language="English", add_blank=1)
    assert (english.text.kind, english.text.space, english.languages) == ("words", 3, ("en-US",))
    inflect = vits(tmp_path, ICEFALL[:4], comment="Inflect", language="English", voice="en-US", has_espeak=1)
    assert (inflect.text.kind, inflect.text.blank, inflect.inputs.duration_noise) == ("espeak", 0, "")


def matcha(folder: Path, inputs: tuple[str, ...] = MATCHA, **said: Any) -> Reading:
    told = {"model_type": "matcha-tts", "sample_rate": 22050, "pad_id": 1, "use_eos_bos": 1, **said}
    return reading(folder, inputs, **{"output": "mel", **told})


def test_voices_of_matcha(tmp_path: Path):
    baker = matcha(tmp_path, tables=whole_syllables(), jieba=1, language="Chinese")
    assert (baker.outputs.mel, baker.scales.noise, baker.text.blank, baker.text.kind) == ("mel", 1.0, 1, "sounds")
    vector = matcha(tmp_path, ("x", "x_length", "scales"), jieba=1)
    assert (vector.inputs.scales, vector.inputs.scales_order) == ("scales", ("noise", "length"))
    whole = matcha(tmp_path, output="audio_output", jieba=1)
    assert (whole.outputs.wav, whole.outputs.mel) == ("audio_output", "")
    english = matcha(tmp_path, tables=[LETTERS], has_espeak=1, language="English", voice="en-us")
    assert (english.text.kind, english.text.begin, english.text.end, english.text.blank) == ("espeak", (1,), (2,), 1)
    with pytest.raises(PortError, match="says neither jieba nor has_espeak"):
        matcha(tmp_path, has_espeak=0)


def test_a_matcha_of_two_languages_says_english_in_letters_of_its_own(tmp_path: Path):
    tokens, lexicon = whole_syllables()
    found = matcha(
        tmp_path, tables=([*tokens, " ", *"ˈˌAIYOWʧʤɛɹəɜɑæʌɔɪiʊubdfɡhklmnŋpɹsʃtθðvwjzʒ"], lexicon), voice="zh en-us", jieba=1
    )
    names = {row: token for token, row in found.text.tokens.items()}
    said = {phone: "".join(names[row] for row in found.text.sounds[phone]) for phone in ("OW1", "AY0", "ER0", "CH", "EH2", "IY1")}
    assert said == {"OW1": "ˈO", "AY0": "I", "ER0": "əɹ", "CH": "ʧ", "EH2": "ˌɛ", "IY1": "ˈi"}
    assert (found.text.blank, found.languages, names[found.text.space or 0]) == (None, ("zh-CN", "en-US"), " ")


@pytest.mark.parametrize(
    ("said", "tables", "message"),
    [
        ({}, None, r"tokens\.txt: is missing"),
        ({}, [["_"]], r"lexicon\.txt: is missing, without which text cannot become symbols"),
        ({}, (["_", "n"], ["你 n i3"]), r"lexicon\.txt: 1 symbols of its lexicon are not among its tokens, such as 'i3' of '你'"),
        (
            {"comment": "coqui", "has_espeak": 1},
            [["_"]],
            r"tokens\.txt: has no ',', with which sentences of this voice are marked",
        ),
        ({"has_g2pw": "yes"}, [["_"]], "says has_g2pw 'yes', which is no number"),
    ],
)
def test_what_is_missing_or_wrong_is_said(said: dict[str, Any], tables: Any, message: str, tmp_path: Path):
    with pytest.raises(PortError, match=message):
        vits(tmp_path, PIPER if "coqui" in said.values() else ICEFALL, tables=tables, **said)


def test_more_inputs_than_anybody_knows_are_refused(tmp_path: Path):
    with pytest.raises(PortError, match="takes a, b, c, d, e, f, g, h, which is more than voices of sherpa-onnx do"):
        vits(tmp_path, tuple("abcdefgh"), tables=initials_and_finals())
