import builtins

import numpy as np
import pytest

from tingshuo.errors import ConfigError, EngineNotInstalledError
from tingshuo.tasks.monitor.bands import LEAST_SHARE, ROUNDS, Band, learn, read_bands
from tingshuo.tasks.monitor.readings import Reading


@pytest.mark.parametrize(
    ("band", "value", "place"),
    [
        (Band(2.9, None), 2.9, "inside"),
        (Band(2.9, None), 2.89, "below"),
        (Band(None, 0.1), 0.11, "above"),
        (Band(1, 2), 1.5, "inside"),
        (Band(), 1e9, "inside"),
    ],
)
def test_limits_are_inside(band, value, place):
    assert band.place(value) == place


def test_words():
    assert Band(2.9, None).text("dnsmos_ovrl") == "at least 2.900"
    assert Band(None, 0.1).text("rtf") == "at most 0.10000"
    assert Band(0.8, 1.2).text("tempo_ratio") == "0.800 to 1.200"
    assert Band().text("rtf") == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b.yaml", "rtf: {high: 0.1}\ncopy.mcd_db: {low: 1, high: 2}\n"),
        ("b.json", '{"rtf": {"high": 0.1}, "copy.mcd_db": {"low": 1, "high": 2}}'),
    ],
)
def test_a_file_of_bands(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_bands(tmp_path / name) == {"rtf": Band(None, 0.1), "copy.mcd_db": Band(1, 2)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cer: {high: 5}", "unknown figure 'cer'; known: mcd_db, "),
        ("rtf: {max: 1}", "rtf: unknown key 'max'; accepted: low, high"),
        ("rtf: {}", "must have low, high or both"),
        ("rtf: {low: 2, high: 1}", "low not above high"),
        ("rtf: {high: .nan}", "finite"),
        ("rtf: {high: fast}", "high: Expected"),
        ("rtf: 3", "rtf"),
        ("- rtf", "must hold figures and their bands"),
        ("", "must hold figures and their bands"),
        ("rtf: {high: ", "line 1: is not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_accepted(tmp_path, text, words):
    path = tmp_path / "b.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"b\.yaml") as error:
        read_bands(path)
    assert words in str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_bands(tmp_path / "none.yaml")
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(ConfigError, match="not JSON"):
        read_bands(tmp_path / "b.json")


def test_without_the_package_for_yaml_the_remedy_is_named_and_json_is_read(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **keywords):
        if name == "yaml":
            raise ModuleNotFoundError("No module named 'yaml'", name="yaml")
        return real(name, *arguments, **keywords)

    for name in ("b.yaml", "b.json"):
        (tmp_path / name).write_text('{"rtf": {"high": 1}}')
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EngineNotInstalledError, match="pip install pyyaml"):
        read_bands(tmp_path / "b.yaml")
    assert read_bands(tmp_path / "b.json") == {"rtf": Band(None, 1)}


def rounds(name, values, half=0.0):
    return [[Reading(name, value, value - half, value + half, 5)] for value in values]


def test_nothing_is_learnt_from_too_few_rounds():
    assert learn(rounds("rtf", [0.02] * (ROUNDS - 1))) is None
    assert learn(rounds("rtf", [0.02] * ROUNDS)) is not None


def test_a_noisy_figure_gets_three_deviations_to_its_worse_side():
    values = [0.02, 0.03, 0.02, 0.04, 0.02, 0.03, 0.03, 0.02]
    band = learn(rounds("rtf", values))["rtf"]
    assert band.low is None
    assert band.high == pytest.approx(np.mean(values) + 3 * np.std(values, ddof=1))


def test_the_worse_side_of_each_kind_of_figure():
    assert learn(rounds("dnsmos_ovrl", [3.0] * ROUNDS))["dnsmos_ovrl"].high is None
    both = learn(rounds("tempo_ratio", [1.0] * ROUNDS))["tempo_ratio"]
    assert (both.low, both.high) == pytest.approx((1 - LEAST_SHARE, 1 + LEAST_SHARE))


def test_a_figure_that_never_moves_gets_a_floor():
    steady = learn(rounds("dnsmos_ovrl", [3.0] * ROUNDS))["dnsmos_ovrl"]
    assert steady.low == pytest.approx(3.0 * (1 - LEAST_SHARE))
    by_rows = learn(rounds("dnsmos_ovrl", [3.0] * ROUNDS, half=0.2))["dnsmos_ovrl"]
    assert by_rows.low == pytest.approx(2.8)
    assert learn(rounds("inaudible_pct", [0.0] * ROUNDS))["inaudible_pct"] == Band(None, 1.0)


def test_only_the_first_rounds_teach_and_only_what_all_of_them_have():
    values = rounds("rtf", [0.02] * ROUNDS)
    assert learn([*values, *rounds("rtf", [9.0] * 50)]) == learn(values)
    values[3] = []
    assert learn(values) == {}


def test_a_single_value_has_no_interval_and_does_not_spoil_the_band():
    nan = float("nan")
    found = learn([[Reading("dnsmos_ovrl", 3.0, nan, nan, 1)]] * ROUNDS)
    assert found["dnsmos_ovrl"].low == pytest.approx(3.0 * (1 - LEAST_SHARE))
