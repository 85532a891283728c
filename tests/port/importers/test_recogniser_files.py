"""Units and normalisers that lie beside a graph."""

import json
from pathlib import Path

import pytest

from tingshuo.errors import PortError
from tingshuo.port.importers.recogniser_files import read_mvn, read_units, without_extra

ADD, MULTIPLY = "<AddShift> 2 2\n<LearnRateCoef> 0 [ -8.5 -9 ]\n", "<Rescale> 2 2\n<LearnRateCoef> 0 [ 0.25 0.5 ]\n"
MVN = f"<Nnet>\n<Splice> 2 2\n[ 0 ]\n{ADD}{MULTIPLY}</Nnet>\n"


def write(folder: Path, content: str, name: str = "tokens.txt") -> Path:
    (folder / name).write_text(content, "utf-8")
    return folder / name


@pytest.mark.parametrize(
    ("content", "units"),
    [
        ("<blk> 0\n你 1\n\u2581GO 2\n", ("<blk>", "你", "\u2581GO")),
        ("你 1\n<blk> 0\n", ("<blk>", "你")),
        ("<blk>\t0\r\n1 1\r\n", ("<blk>", "1")),
        ("<s> 0\n 1\na 2\n", ("<s>", " ", "a")),
        ("<blk> 0\n\u3000 1\n", ("<blk>", "\u3000")),
        ("<blank>\n<s>\n你\n好\n", ("<blank>", "<s>", "你", "好")),
        ("a 0\na 1\n", ("a", "a")),
    ],
)
def test_units_are_read_in_the_order_of_their_numbers(content, units, tmp_path):
    assert read_units(write(tmp_path, content)) == units


def test_a_list_in_json_is_read_as_it_is(tmp_path):
    assert read_units(write(tmp_path, json.dumps(["<blank>", "你", " "]), "tokens.json")) == ("<blank>", "你", " ")
    for content in ("{}", "[]", "[1]", "[", "[" * 100_000):
        with pytest.raises(PortError, match=r"tokens\.json: (does not hold a list of units|is not JSON)"):
            read_units(write(tmp_path, content, "tokens.json"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "no unit has the number 0, so the list is not whole"),
        ("a 0\nb 2\n", "no unit has the number 1, so the list is not whole"),
        ("a 0\nb 0\n", "line 2: the number 0 is there twice"),
        ("a 99999999999\n", "line 1: the number 99999999999 is too large"),
        ("a 0\nb c 1\n", "line 2 is 'b c 1', and should be a unit and its number"),
        ("a 0\nb\n", "line 2 is 'b', and should be a unit and its number"),
    ],
)
def test_a_list_that_is_not_whole_is_named(content, sentence, tmp_path):
    with pytest.raises(PortError, match=sentence):
        read_units(write(tmp_path, content))


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(PortError, match="cannot be read as a list of units: No such file"):
        read_units(tmp_path / "tokens.txt")
    (tmp_path / "tokens.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PortError, match="it is no text"):
        read_units(tmp_path / "tokens.txt")


def test_units_of_a_lexicons_graph_alone_are_extra():
    units = ("<blk>", "a", "#0", "#1")
    assert without_extra(units, 2) == ("<blk>", "a")
    assert without_extra(units, 3) == ("<blk>", "a", "#0")
    assert without_extra(units, 1) == units
    assert without_extra(units, 5) == units


def test_a_normaliser_adds_and_multiplies(tmp_path):
    cmvn = read_mvn(write(tmp_path, MVN, "am.mvn"))
    assert (cmvn.mean, cmvn.inverse_deviation) == ((8.5, 9.0), (0.25, 0.5))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "does not hold <AddShift> and <Rescale>"),
        (MVN.split("<Rescale>")[0], "does not hold <AddShift> and <Rescale>"),
        (MVN.replace("-9", "nine"), "does not hold <AddShift> and <Rescale>"),
        (MVN.replace("-8.5", ""), "its rows of 1 and 2 numbers"),
        (MVN.replace("-9", "nan"), "its rows of 2 and 2 numbers do not normalise"),
    ],
)
def test_a_normaliser_that_is_none_is_named(content, sentence, tmp_path):
    with pytest.raises(PortError, match=sentence):
        read_mvn(write(tmp_path, content, "am.mvn"))
