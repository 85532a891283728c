"""A contract is read strictly: what is unknown, missing or not filled in is told by its key, with what is accepted."""

import json
from pathlib import Path
from typing import Any

import pytest

from tingshuo.config import StrictModel
from tingshuo.errors import ConfigError
from tingshuo.port.importers.contract import UNFILLED, Calls, check, common_keys, read_contract, read_document


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


WHOLE = """
task: vocoder
name: my-vocoder
licence: CC-BY-4.0
languages: [zh-CN]
graphs: {vocoder: model.onnx}
calls: {inputs: [{name: mel, dtype: float32, shape: [1, 80, frames]}], outputs: [wav]}
mel: {floor: 1e-5, fmax: 8.0e+3, bands: 80}
"""


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    read = read_contract(write(tmp_path / "a.yaml", WHOLE))
    assert (read.task, read.name, read.licence, read.languages) == ("vocoder", "my-vocoder", "CC-BY-4.0", ("zh-CN",))
    assert (read.graphs, read.signature) == ({"vocoder": "model.onnx"}, "serving_default")
    assert read.calls[""].inputs[0].shape == (1, 80, "frames")
    assert read.fields == {"mel": {"floor": 1e-5, "fmax": 8000.0, "bands": 80}}  # 1e-5 is a number, which YAML 1.1 denies
    plain = read_document(tmp_path / "a.yaml")
    again = read_contract(write(tmp_path / "b.json", json.dumps(plain)))
    assert (again.fields, again.calls) == (read.fields, read.calls)


def test_calls_of_several_graphs(tmp_path: Path) -> None:
    one = "{inputs: [{name: x, dtype: int64, shape: [1, N], value: 1}], outputs: [y]}"
    read = read_contract(write(tmp_path / "a.yaml", f"task: tts\ncalls: {{acoustic: {one}, vocoder: {one}}}"))
    assert list(read.calls) == ["acoustic", "vocoder"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x", "does not say its task; accepted: tts, asr, vocoder, conversion"),
        ("task: sing", "task: 'sing' is none of them; accepted: tts, asr, vocoder, conversion"),
        ("task: tts\ntask: asr", "the key 'task' is there twice"),
        ('{"task": "tts", "task": "asr"}', "the key 'task' is there twice"),
        ("task: tts\nname: 7", "name: Expected"),
        ("a: &x [1]\nb: *x", "aliases .* are not read"),
        ("- task", "does not hold keys and values"),
        ("7: x", "does not hold keys and values"),
        ("", "does not hold keys and values"),
        ("task: !!python/object/apply:os.system [x]", "cannot be read as JSON or YAML: could not determine a constructor"),
        ("{task: asr", "cannot be read as JSON or YAML"),
        ("a: 2024-13-45", "cannot be read as JSON or YAML"),
        (
            f"task: tts\nmel: {{like: {UNFILLED}}}\nunits: [{UNFILLED}]",
            r"FILL_IN still stands at mel.like, units.0; say what it is",
        ),
        (
            "task: tts\ncalls: {inputs: [{name: x, dtype: f32, shape: [1]}], outputs: [y]}",
            r"inputs\[0\].dtype: 'f32' is none of them",
        ),
        ("task: tts\ncalls: {inputs: [], outputs: [y], method: infer}", "there is no key 'method'; accepted: inputs, outputs"),
        ("[" * 5000, "cannot be read as JSON or YAML"),
    ],
)
def test_what_is_wrong_is_told(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        read_contract(write(tmp_path / "c.yaml", text))
    assert str(raised.value).startswith(f"{tmp_path}/c.yaml: ")
    assert "\n" not in str(raised.value)


def test_files_that_are_no_contract(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="it is no text"):
        read_document(tmp_path / "x")
    with pytest.raises(ConfigError, match="cannot be read as JSON or YAML: No such file"):
        read_document(tmp_path / "none")
    (tmp_path / "large").write_bytes(b"#" * (5 << 20))
    with pytest.raises(ConfigError, match="has 5242880 bytes, and is not what it should be"):
        read_document(tmp_path / "large")


class Inner(StrictModel, frozen=True):
    """Of a test."""

    size: int


class Outer(StrictModel, frozen=True):
    """Of a test."""

    inner: Inner
    rows: tuple[Inner, ...] = ()
    perhaps: Inner | None = None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"innr": {}}, "^c: the whole file: there is no key 'innr'; accepted: task, inner, rows, perhaps$"),
        ({"inner": {"siez": 1}}, "^c: inner: there is no key 'siez'; accepted: size$"),
        ({"inner": {"size": 1}, "rows": [{"size": 1}, {"x": 1}]}, r"^c: rows\[1\]: there is no key 'x'; accepted: size$"),
        ({"inner": {"size": 1}, "perhaps": {"x": 1}}, "^c: perhaps: there is no key 'x'; accepted: size$"),
        ({"inner": {"size": "1"}}, "^c: inner.size: Expected `int`"),
    ],
)
def test_accepted_keys_are_listed_wherever_one_is_unknown(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check(Outer, fields, "c", ("task",))


def test_keys_that_all_have() -> None:
    assert {"task", "name", "licence", "languages", "graphs", "calls", "signature"} == set(common_keys())
    assert Calls.check({"inputs": [], "outputs": []}, "x").inputs == ()
