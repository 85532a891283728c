"""docs/label.md: the Python examples run, and the figures of the code are those of the page."""

import re
from pathlib import Path

from tingshuo.audio.formats import FORMATS
from tingshuo.audio.label import labelling, morse, rhythm, watermark
from tingshuo.audio.label.files import read_label

PAGE = (Path(__file__).parents[2] / "docs" / "label.md").read_text("utf-8")


def test_the_python_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 3
    for code in blocks:
        exec(code, names)
    assert read_label("out.mp3").field == names["field"]
    assert names["log"].problems() == ()
    assert next(names["log"].uses()).agreement == "contract-2025-017"


def test_every_format_has_its_row():
    table = PAGE.split("## 文件里的标识")[1].split("##")[0]
    rows = dict(re.findall(r"^\| (\w+)(?:, ogg)? \|.*\| (\w+)", table, re.MULTILINE))
    assert {name: "没有" not in said for name, said in rows.items() if name in FORMATS} == {
        name: row.carries_field for name, row in FORMATS.items()
    }


def test_figures_are_those_of_the_code():
    for text in (
        f"of {rhythm.TONE_HZ:.0f} Hz",
        f"dots of {rhythm.UNIT_S:g} s, a dash of {3 * rhythm.UNIT_S:.1f} s",
        f"{rhythm.LENGTH_S:.1f} s in all",
        f"falls in {1000 * rhythm.EDGE_S:.0f} ms",
        f"within −{-rhythm.QUIETEST_DB:.0f} and −{-rhythm.LOUDEST_DB:.0f} dB",
        f"{labelling.PAUSE_S:g} s of silence",
        f"waits for {labelling.HELD_S:g} s",
        f"{labelling.SLOWEST:.0f} to {labelling.FASTEST:.0f} characters a minute",
        f"tiles of {1000 / watermark.TILES_A_SECOND:.0f} ms by {watermark.WIDTH_HZ:.0f} Hz",
        f"by {watermark.CALM_DB:g} dB below {watermark.CALM_HZ / 1000:g} kHz, by {watermark.STRONG_DB:g} dB above",
        f"({morse.LOWEST_HZ:.0f} to {morse.HIGHEST_HZ:.0f} Hz)",
        f"dots of {morse.SHORTEST_UNIT_S:g} to {morse.LONGEST_UNIT_S:g} s",
    ):
        assert text in PAGE, text
