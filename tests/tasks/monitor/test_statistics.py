import json
from types import SimpleNamespace

import numpy as np
import pytest

from tingshuo.audio.write import write
from tingshuo.data.utterance import Utterance
from tingshuo.errors import BundleError, DataError, NotFoundError, SchemaVersionError
from tingshuo.tasks.monitor import statistics as module
from tingshuo.tasks.monitor.statistics import (
    EDGES,
    LABELS,
    STATISTICS,
    Spread,
    Statistics,
    counts_of,
    measure_recordings,
    read_statistics,
    sentence_lengths,
    statistics_of_rows,
    statistics_of_texts,
)

RATE = 16000


@pytest.fixture
def row(tmp_path):
    """Make a recording: half a second of a buzz of ``f0_hz`` at a level, between silences of faint noise."""

    def row(name, level=0.1, f0_hz=200.0, text=None):
        time = np.arange(RATE // 2) / RATE
        buzz = sum(np.sin(2 * np.pi * f0_hz * k * time) / k for k in range(1, 8))
        wav = 1e-4 * np.random.default_rng(0).standard_normal(RATE)
        wav[RATE // 4 : RATE // 4 + len(time)] += level * buzz
        write(tmp_path / f"{name}.wav", wav.astype(np.float32), RATE)
        return Utterance(id=name, audio=str(tmp_path / f"{name}.wav"), text=text)

    return row


def test_rows_are_measured(row):
    rows = [row("a", text="今天天气很好。他去公园散步。"), row("b", level=0.01, f0_hz=100.0), row("c")]
    found = statistics_of_rows(rows).spreads
    assert {name: spread.n for name, spread in found.items()} == {
        "level_db": 3, "snr_db": 3, "f0_hz": 3, "sentence_characters": 2,
    }  # fmt: skip
    assert found["f0_hz"].quantiles[0] == pytest.approx(100, rel=0.02)
    assert found["f0_hz"].median == pytest.approx(200, rel=0.02)
    assert found["level_db"].quantiles[-1] - found["level_db"].quantiles[0] == pytest.approx(20, abs=1)
    assert found["sentence_characters"].median == 7


def test_recordings_that_cannot_be_read_are_left_out_and_told(row):
    gone = Utterance(id="x", audio="gone.wav")
    values, unread = measure_recordings([gone, row("a")])
    assert [len(value) for value in values.values()] == [1, 1, 1]
    assert unread == ["gone.wav: no such file"]
    with pytest.raises(DataError, match=r"no recording can be measured: gone\.wav: no such file"):
        statistics_of_rows([gone])
    with pytest.raises(DataError, match="there is none"):
        statistics_of_rows([])


def test_of_many_recordings_some_are_drawn_evenly(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "read_recordings", lambda rows: asked.extend(row.id for row in rows) or iter(()))
    measure_recordings([Utterance(id=str(k), audio="x") for k in range(9)], most=3)
    assert asked == ["0", "4", "8"]


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("你好。今天天气很好！", [3, 7]),
        ("第一行\n第二行有字", [3, 5]),
        ("……", []),
        ("<speak>你好<break time='1s'/>吗</speak>", [3]),
        ("Hello world.", [11]),
        ("", []),
    ],
)
def test_the_length_of_sentences_is_what_the_front_end_cuts(text, lengths):
    assert sentence_lengths([text]) == lengths


def test_texts_alone():
    assert list(statistics_of_texts(["你好。"]).spreads) == ["sentence_characters"]
    with pytest.raises(DataError, match="there is no text"):
        statistics_of_texts(["。"])


def test_bins_have_an_open_end_on_either_side():
    assert counts_of([0.5, 1.0, 1.5, 2.0, 9.0], (1.0, 2.0)) == [1, 2, 2]
    assert set(EDGES) == set(LABELS)


def test_the_file_holds_numbers_alone(row):
    text = statistics_of_rows([row("secret", text="秘密的话。")]).encode().decode()
    assert "secret" not in text
    assert "秘密" not in text
    assert text.isascii()
    assert Statistics.check(json.loads(text), "x").encode().decode() == text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"edges": (2.0, 1.0)}, "do not ascend"),
        ({"counts": (1, 2)}, "2 edges need 3 counts"),
        ({"counts": (0, 0, 0)}, "not all of them 0"),
        ({"quantiles": (1.0,)}, "7 quantiles"),
    ],
)
def test_a_spread_that_does_not_fit_together_is_refused(changes, words):
    fields = {"edges": (1.0, 2.0), "counts": (1, 2, 3), "quantiles": (1.0,) * 7}
    assert Spread(**fields).n == 6
    with pytest.raises(ValueError, match=words):
        Spread(**(fields | changes))


SPREAD = b'{"edges": [1], "counts": [1, 0], "quantiles": [1, 1, 1, 1, 1, 1, 1]}'


@pytest.fixture
def bundle(tmp_path):
    """Make what stands for a bundle whose statistics are ``content``."""

    def bundle(content):
        if content is not None:
            (tmp_path / STATISTICS).write_bytes(content)
        files = {} if content is None else {STATISTICS: None}
        manifest = SimpleNamespace(name="mine", version="1.0.0", files=files)
        return SimpleNamespace(manifest=manifest, file=lambda name: tmp_path / name)

    return bundle


def test_a_bundle_with_statistics(bundle):
    made = statistics_of_texts(["你好。"])
    assert read_statistics(bundle(made.encode())) == made


def test_a_bundle_without_statistics_names_the_remedy(bundle):
    with pytest.raises(NotFoundError, match=r"mine 1\.0\.0 has no statistics\.json.*--data.*train"):
        read_statistics(bundle(None))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'{"schema_version": 2, "more": []}', SchemaVersionError),
        (b'{"schema_version": 1}', BundleError),
        (b'{"schema_version": 1, "spreads": {}, "names": ["tan"]}', BundleError),
        (b'{"schema_version": 1, "spreads": {"taste": ' + SPREAD + b"}}", BundleError),
        (b"[]", BundleError),
        (b"{", BundleError),
    ],
)
def test_damaged_statistics_are_refused(bundle, content, error):
    with pytest.raises(error, match=r"statistics\.json"):
        read_statistics(bundle(content))
