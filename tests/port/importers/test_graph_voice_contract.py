"""How a user says how text becomes symbols, and what is wrong with what they said."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")

from tests.port.tiny_sherpa import pinyin_tokens, whole_syllables, with_tones, write_tables

from tingshuo.config.graph_voice import TextConfig
from tingshuo.errors import ConfigError, PortError
from tingshuo.port.importers.graph_voice_contract import TextContract, VoiceContract, text_config

pytestmark = pytest.mark.train
LEAST = {"sample_rate": 100, "inputs": {"symbols": "x"}, "outputs": {"wav": "y"}}


def read(folder: Path, *, tones: bool = False, **text: Any) -> tuple[TextConfig, tuple[str, ...]]:
    return text_config(TextContract.check(text, "c.yaml"), folder, "c.yaml", tones=tones)


def spelt(found: TextConfig, sound: str) -> str:
    names = {row: token for token, row in found.tokens.items()}
    return " ".join(names[row] for row in found.sounds[sound])


def test_syllables_are_written_as_the_pattern_says(tmp_path: Path):
    found, notes = read(
        tmp_path, kind="pinyin", tokens=pinyin_tokens(), letters="full", english="{phone}", blank="_", end=["sil"]
    )
    assert (found.kind, found.blank, found.end, notes) == ("sounds", 0, (1,), ())
    assert [spelt(found, sound) for sound in ("l_iou2", "_ian3", "zh_iii4", "AE1", "K")] == [
        "l iou2",
        "ian3",
        "zh iii4",
        "AE",
        "K",
    ]


def test_letters_of_pinyin_an_empty_initial_and_a_tone_of_its_own(tmp_path: Path):
    tokens = [*"_ Ø zh ch sh b p m f d t n l g k h j q x r z c s y w".split(),
              *"a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iu o ong ou u ua uai uan uang ui un".split(),
              *"uo ue v ve 1 2 3 4 5".split()]  # fmt: skip
    found, notes = read(tmp_path, kind="pinyin", tokens=tokens, spelling="{initial} {final} {tone}", no_initial="Ø")
    assert [spelt(found, sound) for sound in ("l_iou2", "_ian3", "_an4", "n_v3", "j_ve2")] == [
        "l iu 2", "y an 3", "Ø an 4", "n v 3", "j ue 2",
    ]  # fmt: skip
    assert notes == ()
    _, notes = read(tmp_path, kind="pinyin", tokens=[one for one in tokens if one != "uang"], spelling="{initial} {final} {tone}")
    assert notes == ("30 rare syllables of Mandarin have no symbols",)


def test_tones_may_be_told_beside_the_symbols(tmp_path: Path):
    tokens = {f"{token}": row for row, token in enumerate(sorted({t.rstrip("12345") for t in pinyin_tokens()}))}
    found, _ = read(
        tmp_path, tones=True, kind="pinyin", tokens=tokens, letters="full", spelling="{initial} {final}", tone_ids={"2": 7}
    )
    assert found.tones["l_iou2"] == (7, 7)
    assert spelt(found, "l_iou2") == "l iou"


def test_a_lexicon_tells_the_symbols_of_syllables_or_is_looked_up(tmp_path: Path):
    write_tables(tmp_path, *whole_syllables())
    files = {"tokens": "tokens.txt", "lexicon": "lexicon.txt"}
    found, notes = read(tmp_path, kind="lexicon", **files)
    assert (found.kind, spelt(found, "l_iou2"), found.lexicon) == ("sounds", "liu2", "")
    assert notes[0].startswith("the symbols of syllables were found out from its lexicon, which agrees with itself in 100.0%")
    looked, notes = read(tmp_path, kind="lexicon", look_up="words", **files)
    assert (looked.kind, looked.sounds) == ("words", {})
    assert f"好 {looked.tokens['hao3']}|" in looked.lexicon.splitlines()
    assert "looked up" in notes[0]


def test_a_lexicon_of_something_else_than_syllables_is_looked_up_by_itself(tmp_path: Path):
    lexicon = [f"{one} t{n % 7}" for n, one in enumerate("今天气真好我们去公园吧" * 9)]
    write_tables(tmp_path, ["_", *(f"t{n}" for n in range(7))], lexicon)
    found, notes = read(tmp_path, kind="lexicon", tokens="tokens.txt", lexicon="lexicon.txt")
    assert found.kind == "words"
    assert notes[-1] == "words are looked up in its lexicon as they are written, so polyphones are as they stand there"


def test_tones_of_a_lexicon_stand_after_its_symbols(tmp_path: Path):
    write_tables(tmp_path, *with_tones())
    found, _ = read(tmp_path, tones=True, kind="lexicon", tokens="tokens.txt", lexicon="lexicon.txt")
    assert found.tones["l_iou2"] == (2, 2)
    assert found.tones["OW1"] == (8,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ({"kind": "characters", "tokens": "no.txt"}, r"no\.txt: is missing, without which text cannot become symbols"),
        ({"kind": "characters", "tokens": "../up.txt"}, r"c\.yaml: '\.\./up\.txt' is not a plain relative path"),
        ({"kind": "characters", "tokens": "bad.txt"}, r"bad\.txt: line 1: 'a b c' is no symbol with its id"),
        ({"kind": "characters", "tokens": {"a": -1}}, r"c\.yaml: text\.tokens has no ids from 0 on: 'a'"),
        ({"kind": "characters", "tokens": ["a"], "blank": "_"}, r"blank names '_', which is not among its tokens, such as a"),
        ({"kind": "characters", "tokens": ["a"], "space": " "}, "space names the space, which is not among its tokens"),
        ({"kind": "characters", "tokens": ["a"], "end": ["$"]}, r"end names '\$'"),
        ({"kind": "espeak", "tokens": ["a"]}, r"text\.voice is missing, such as en-us or cmn"),
        ({"kind": "lexicon", "tokens": ["a"]}, r"text\.lexicon is missing, such as lexicon\.txt"),
        ({"kind": "lexicon", "tokens": ["a"], "lexicon": "words.txt"}, "1 symbols of its lexicon are not among its tokens"),
        ({"kind": "pinyin", "tokens": ["a", "ma1"]}, r"text\.spelling .* makes symbols for 0 syllables .* such as a, ma1;"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(text: dict[str, Any], message: str, tmp_path: Path):
    (tmp_path / "bad.txt").write_text("a b c\n", "utf-8")
    (tmp_path / "words.txt").write_text("你 n i3\n", "utf-8")
    with pytest.raises(PortError, match=message):
        read(tmp_path, **text)


def test_a_text_that_is_none_is_said(tmp_path: Path):
    (tmp_path / "t.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(PortError, match=r"t\.txt: cannot be read as text"):
        read(tmp_path, kind="characters", tokens="t.txt")


def test_keys_are_strict():
    text = {"kind": "characters", "tokens": ["a"]}
    assert VoiceContract.check({**LEAST, "text": text}, "c.yaml").speakers == 1
    with pytest.raises(ConfigError, match=r"c\.yaml: text\.kind"):
        VoiceContract.check({**LEAST, "text": {**text, "kind": "magic"}}, "c.yaml")
    with pytest.raises(ConfigError, match=r"c\.yaml: .*`volume`"):
        VoiceContract.check({**LEAST, "text": text, "volume": 3}, "c.yaml")
