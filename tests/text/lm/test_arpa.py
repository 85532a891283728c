"""Models as text."""

import gzip
import math

import pytest

from tingshuo.errors import DataError, OutputError
from tingshuo.text.lm.arpa import read_arpa, write_arpa
from tingshuo.text.lm.kneser_ney import estimate

TEXTS = ["今天天气很好", "今天天气不好", "明天天气很好", "我们今天去公园"]
SMALL = """\\data\\
ngram 1=5
ngram 2=3
ngram 3=1

\\1-grams:
-1.0\t<unk>
-99\t<s>\t-0.3
-0.7\t</s>
-0.5\ta\t-0.2
-0.6\tb\t-0.1

\\2-grams:
-0.2\t<s> a\t-0.4
-0.3\ta b\t-0.05
-0.4\tb </s>

\\3-grams:
-0.1\t<s> a b

\\end\\
"""


@pytest.mark.parametrize("name", ["lm.arpa", "lm.arpa.gz"])
def test_a_model_is_read_as_it_was_written(tmp_path, name):
    model = estimate(TEXTS, 3)
    write_arpa(model, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".gz")
    again = read_arpa(tmp_path / name)
    assert set(again.units) == set(model.units)
    for text in (*TEXTS, "他们去", ""):
        assert again.log_prob(text) == pytest.approx(model.log_prob(text), abs=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_figures_are_logarithms_of_ten(tmp_path):
    (tmp_path / "lm.arpa").write_text(SMALL)
    model = read_arpa(tmp_path / "lm.arpa")
    assert model.order == 3
    # <s> a, <s> a b, then b </s> behind "a b", which has a weight of its own.
    assert model.log_prob("ab") == pytest.approx(math.log(10) * (-0.2 - 0.1 - 0.05 - 0.4), abs=1e-5)
    # b behind the begin: back off, then the end behind "b".
    assert model.log_prob("b") == pytest.approx(math.log(10) * (-0.3 - 0.6 - 0.4), abs=1e-5)


def test_a_beginning_that_was_pruned_away_is_put_back(tmp_path):
    text = SMALL.replace("ngram 2=3", "ngram 2=2").replace("-0.2\t<s> a\t-0.4\n", "")
    (tmp_path / "lm.arpa").write_text(text)
    model = read_arpa(tmp_path / "lm.arpa")
    assert model.log_prob("a") == pytest.approx(math.log(10) * (-0.3 - 0.5 - 0.2 - 0.7), abs=1e-5)
    assert model.log_prob("ab") == pytest.approx(math.log(10) * (-0.3 - 0.5 - 0.1 - 0.05 - 0.4), abs=1e-5)


def test_units_that_models_use_are_there_though_the_file_lacks_them(tmp_path):
    text = SMALL.replace("ngram 1=5", "ngram 1=4").replace("-1.0\t<unk>\n", "")
    (tmp_path / "lm.arpa").write_text(text)
    model = read_arpa(tmp_path / "lm.arpa")
    assert model.log_prob("q") < -200
    assert model.units[model.unknown] == "<unk>"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "nothing of the kind\n", "line 1: it ends without"),
        (lambda text: text[:-7], "ends without"),
        (lambda text: text.replace("ngram 2=3", "ngram 2=4"), "has 4 n-grams of 2 units, the file 3"),
        (lambda text: text.replace("-0.3\ta b", "-0.3\ta c"), "line 15: the unit 'c' is not among"),
        (lambda text: text.replace("-0.3\ta b", "x\ta b"), "line 15: a probability or a weight is no number"),
        (lambda text: text.replace("-0.3\ta b", "0.3\ta b"), "line 15: 0.3 is no logarithm"),
        (lambda text: text.replace("-0.3\ta b", "nan\ta b"), "line 15: nan is no logarithm"),
        (lambda text: text.replace("-0.3\ta b\t-0.05", "-0.3\ta b c d"), "line 15: an n-gram of 2 units has 3 or 4 fields"),
        (lambda text: text.replace("-0.3\ta b", "-0.3\t<s> a"), "line 15: the n-gram <s> a is there twice"),
        (lambda text: text.replace("\\2-grams:", "\\4-grams:"), "n-grams of 4 units are not expected"),
        (lambda text: text.replace("ngram 3=1\n", "ngram 3=1\nngram 4=1\n"), "sections that the header has are missing"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(tmp_path, change, message):
    (tmp_path / "lm.arpa").write_text(change(SMALL))
    with pytest.raises(DataError, match=message):
        read_arpa(tmp_path / "lm.arpa")


def test_what_cannot_be_read_or_written_is_said(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_arpa(tmp_path / "none.arpa")
    (tmp_path / "torn.gz").write_bytes(gzip.compress(SMALL.encode())[:60])
    with pytest.raises(DataError, match="cannot be read"):
        read_arpa(tmp_path / "torn.gz")
    (tmp_path / "noise.arpa").write_bytes(b"\xff\xfe\x00\x80" * 20)
    with pytest.raises(DataError, match="cannot be read"):
        read_arpa(tmp_path / "noise.arpa")
    with pytest.raises(OutputError, match="cannot be written"):
        write_arpa(estimate(TEXTS, 2), tmp_path / "no" / "lm.arpa")
    assert not (tmp_path / "no").exists()
