"""Every kind of trace is planted in a bundle; afterwards no byte of it is left, and the voice speaks the same samples."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save, save_file
from tests.store.conftest import CONFIG, FIELDS, FILES, TENSORS

from tingshuo.errors import BundleError, OutputError
from tingshuo.store import anonymize as module
from tingshuo.store.anonymize import anonymize
from tingshuo.store.bundle import open_bundle, verify_bundle, write_bundle
from tingshuo.store.graph_text import rewrite_graph
from tingshuo.store.manifest import read_manifest
from tingshuo.tasks.golden import run_golden
from tingshuo.tasks.voices import find_voice, load

HOME = "/" + "home"
URL = "https://www.openslr.org/33"
CREDIT = {"work": "Read stories", "author": "spoken by Old Narrator; Old Press", "licence": "CC-BY-4.0", "url": URL}
PLANTED = {
    "zhangwei": f"{HOME}/zhangwei/rec/a.wav",
    "Jane Doe": r"C:\Users\Jane Doe\My Recs\b.wav",
    "secret_dir": "file:///mnt/secret_dir/c%20d.wav",
    "nas-in-beijing": r"\\nas-in-beijing\share\e.wav",
    "gpu-host-3": "root@gpu-host-3",
    "wei.zhang": "wei.zhang@acme-corp.com",
    "this-account": "made by this-account",
    "this-machine": "on THIS-MACHINE",
    "Project Falcon": "for Project Falcon",
    "AnnaLi": "AnnaLi reads",
    "10.1.2.3": "http://10.1.2.3:9000/bucket",
}
"""What must not be left, and how it is planted."""
ALL = "; ".join(PLANTED.values())
SAID = "这是别人的句子。"


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "words_of_here", lambda: (frozenset({"this-account"}), frozenset({"this-machine"})))


def protobuf(number: int, value: bytes) -> bytes:
    size, length = len(value), b""
    while size > 0x7F:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return _key(number) + length + bytes([size]) + value


def _key(number: int) -> bytes:
    key = number << 3 | 2
    return bytes([key]) if key < 0x80 else bytes([key & 0x7F | 0x80, key >> 7])


def marked(model: bytes) -> bytes:
    """A graph with traces in its producer, descriptions, notes and names; what it computes is as before."""
    named = rewrite_graph(model, lambda where, text: text, lambda where, text: f"{HOME}/zhangwei/net/{text}" if text else "")
    note = protobuf(1, b"source") + protobuf(2, ALL.encode())
    said = protobuf(1, b"text") + protobuf(2, SAID.encode())
    graph = protobuf(10, ALL.encode()) + protobuf(16, note)
    return (
        named
        + protobuf(2, ALL.encode())
        + protobuf(6, ALL.encode())
        + protobuf(7, graph)
        + protobuf(14, note)
        + protobuf(14, said)
    )


def marked_arrays(data: bytes) -> bytes:
    """The same arrays, packed by somebody."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        new.comment = ALL.encode()
        for member in old.infolist():
            new.writestr(member.filename, old.read(member))
        array = io.BytesIO()
        np.save(array, np.array([ALL]))
        new.writestr("input/remark.npy", array.getvalue())
    return out.getvalue()


def fields_with_traces(fields: dict[str, Any], speaker: str) -> dict[str, Any]:
    said = {"given_by": "Li Annalisa; wei.zhang@acme-corp.com", "given_on": "2026-05-01", "valid_until": "2027-05-01"}
    consent = {"speaker": speaker, "purpose": f"books. {ALL}", "recording_sha256": "ab" * 32, **said}
    return fields | {
        "name": "voice-of-AnnaLi",
        "parent": "AnnaLi-base@1.0.0",
        "speakers": [speaker],
        "cloned": [speaker],
        "consents": [consent],
        "data_statement": f"Read at {URL}. {ALL}",
        "consent": ALL,
        "attributions": [CREDIT | {"used_for": ALL}],
        "created_with": {"system": "Linux 6.1.0-build-on-this-machine", "python": "3.11.7"},
        "measured": [{"engine": "onnx", "precision": "fp32", "machine": f"Xeon, {ALL}", "threads": 1, "figures": {"rtf": 0.1}}],
    }


@pytest.fixture
def traced(tmp_path: Path) -> Path:
    """A tiny bundle with every kind of trace in every kind of file."""
    row = CONFIG["speakers"][0] | {"name": "AnnaLi"}
    styles = [{"name": "AnnaLi", "description": f"as AnnaLi speaks, {ALL}"}, {"name": "Berta", "description": "as Berta speaks"}]
    arrays = io.BytesIO()
    np.savez(arrays, x=np.arange(3))
    files: dict[str, Any] = FILES | {
        "config.json": json.dumps(CONFIG | {"speakers": [row], "styles": styles}).encode(),
        "weights/acoustic.safetensors": save(TENSORS, {"by": ALL, "texts": SAID}),
        "graphs/onnx/fp32/encoder.onnx": marked(b""),
        "golden/encoder.npz": marked_arrays(arrays.getvalue()),
        "speakers/AnnaLi.npy": _array(np.ones(4, np.float32)),
        "text/of-zhangwei/words.json": json.dumps({"by": ALL, "AnnaLi": [{"text": SAID}]}).encode(),
        "data.jsonl": json.dumps({"audio": PLANTED["zhangwei"], "text": SAID, "speaker": "AnnaLi"}).encode() + b"\n",
        "MODELCARD.md": f"# voice-of-AnnaLi\n\n{ALL}\n\nSee {URL}; spoken by Old Narrator. Style Berta.\n".encode(),
        "CHANGELOG.md": "\n".join(["# Changelog", "", "## 1.0.0", "", *PLANTED.values()]).encode(),
    }
    fields = fields_with_traces(FIELDS, "AnnaLi") | {"styles": ["AnnaLi", "Berta"]}
    files["speakers/AnnaLi.npy.age"] = b"age-encryption.org/v1\n\xff\0"
    folder = write_bundle(tmp_path / "traced", fields, files, plain_voiceprints=True)
    (folder / "signature.json").write_text(json.dumps({"by": ALL}))
    return folder


def _array(values: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, values)
    return out.getvalue()


def every_byte(folder: Path) -> bytes:
    """All that is in a folder: names of files, contents, and the contents of what is packed."""
    parts = []
    for path in folder.rglob("*"):
        parts.append(path.relative_to(folder).as_posix().encode())
        if path.is_file():
            parts.append(path.read_bytes())
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                parts += [archive.read(name) for name in archive.namelist()]
    whole = b"\0".join(parts)
    return whole + whole.replace(b"\0\0\0", b"")  # numpy keeps texts in four bytes a letter


def left(folder: Path) -> list[str]:
    """Planted words that are still there."""
    data = every_byte(folder).lower()
    return [word for word in (*PLANTED, "Berta", "Annalisa", SAID) if word.lower().encode() in data]


def test_nothing_that_was_planted_is_left_in_any_byte(traced: Path, tmp_path: Path) -> None:
    assert set(left(traced)) == {*PLANTED, "Berta", "Annalisa", SAID}  # or the search itself finds nothing
    anonymize(traced, tmp_path / "out", ["Project Falcon"])
    assert left(tmp_path / "out") == []
    assert verify_bundle(tmp_path / "out").ok
    assert set(left(traced)) == {*PLANTED, "Berta", "Annalisa", SAID}


def test_speakers_have_the_same_new_name_everywhere(traced: Path, tmp_path: Path) -> None:
    removed = anonymize(traced, tmp_path / "out", ["Project Falcon"])
    bundle = open_bundle(tmp_path / "out")
    manifest = bundle.manifest
    assert removed.people == {"AnnaLi": "speaker-1", "Berta": "reader-1"}
    assert manifest.speakers == manifest.cloned == ("speaker-1",)
    assert [style.name for style in bundle.config.styles] == list(manifest.styles) == ["speaker-1", "reader-1"]
    assert bundle.config.styles[1].description == "as reader-1 speaks"
    assert (manifest.name, manifest.parent) == ("voice-of-speaker-1", "speaker-1-base@1.0.0")
    assert [name for name in manifest.files if name.startswith("speakers/")] == ["speakers/speaker-1.npy"]
    assert bundle.file("speakers/speaker-1.npy").stat().st_mode & 0o777 == 0o600
    assert json.loads(bundle.file("text/of-user/words.json").read_text())["speaker-1"] == [{"text": ""}]


def test_credits_licence_numbers_and_public_addresses_stay(traced: Path, tmp_path: Path) -> None:
    removed = anonymize(traced, tmp_path / "out", ["Project Falcon"])
    before, after = open_bundle(traced), open_bundle(tmp_path / "out")
    [credit] = after.manifest.attributions
    assert {key: getattr(credit, key) for key in CREDIT} == CREDIT
    assert after.manifest.licence == before.manifest.licence
    assert f"Read at {URL}." in after.manifest.data_statement
    assert "spoken by Old Narrator" in after.file("MODELCARD.md").read_text()
    assert after.manifest.measured[0].machine.startswith("Xeon, ")
    assert after.manifest.created_with["system"] == "Linux"
    assert set(after.manifest.created_with) == set(before.manifest.created_with)
    tensors = "weights/acoustic.safetensors"
    assert all(np.array_equal(value, after.tensors(tensors)[name]) for name, value in before.tensors(tensors).items())
    [consent] = after.manifest.consents
    assert (consent.given_by, consent.given_on, consent.valid_until) == ("withheld", "2026-05-01", "2027-05-01")
    assert consent.recording_sha256 == "ab" * 32
    assert any("the credits of 1 works stay" in line for line in removed.kept)
    assert any("may know them by ear" in line for line in removed.kept)


def test_what_was_removed_is_told_item_by_item(traced: Path, tmp_path: Path) -> None:
    removed = anonymize(traced, tmp_path / "out", ["Project Falcon"])
    found = {(trace.file, trace.field, trace.kind): trace.count for trace in removed.traces}
    assert found["manifest.json", "consent", "path"] == 4
    for kind in ("user name", "host name", "e-mail address", "speaker name", "name"):
        assert found["manifest.json", "data_statement", kind] >= 1
    assert found["manifest.json", "consents.given_by", "name"] == 1
    assert found["manifest.json", "created_with.system", "release of the kernel"] == 1
    assert found["signature.json", "whole file", "signature"] == 1
    assert found["data.jsonl", "text", "text of an utterance"] == 1
    assert found["speakers/AnnaLi.npy", "name of the file", "speaker name"] == 1
    assert found["speakers/AnnaLi.npy.age", "whole file", "timbre that names its speaker, encrypted"] == 1
    for field, count in (("Model.2", 4), ("Model.6", 4), ("Graph.10", 4), ("source", 8)):
        assert found["graphs/onnx/fp32/encoder.onnx", field, "path"] == count
    assert found["golden/encoder.npz", "comment", "path"] == 4
    assert removed.total == sum(found.values())


def test_what_is_anonymous_stays_as_it_is(traced: Path, tmp_path: Path) -> None:
    anonymize(traced, tmp_path / "out", ["Project Falcon"])
    again = anonymize(tmp_path / "out", tmp_path / "again", ["Project Falcon"])
    assert again.traces == ()
    assert every_byte(tmp_path / "again") == every_byte(tmp_path / "out")


def test_a_trace_that_cannot_be_removed_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    operator = protobuf(7, protobuf(1, protobuf(4, b"Op-of-this-account")))
    folder = write_bundle(tmp_path / "source", FIELDS, FILES | {"graphs/onnx/fp32/encoder.onnx": operator})
    with pytest.raises(BundleError, match=r"encoder.onnx: holds 'this-account' where it cannot be removed from"):
        anonymize(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bundle_that_is_damaged_or_a_place_that_is_taken_is_refused(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="already exists"):
        anonymize(tiny, tiny)
    (tiny / "weights/acoustic.safetensors").write_bytes(b"x")
    with pytest.raises(BundleError, match="bytes, the manifest says"):
        anonymize(tiny, tmp_path / "out")


def plain(folder: Path, **changes: Any) -> Path:
    """A bundle without traces, with other speakers."""
    rows = [CONFIG["speakers"][0] | {"name": name} for name in changes["speakers"]]
    files = FILES | {"config.json": json.dumps(CONFIG | {"speakers": rows}).encode(), "graphs/onnx/fp32/encoder.onnx": b""}
    return write_bundle(folder, FIELDS | changes, files)


def test_names_that_the_program_goes_by_stay_whatever_a_speaker_is_called(tmp_path: Path) -> None:
    removed = anonymize(plain(tmp_path / "source", speakers=["acoustic", "encoder"]), tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert manifest.speakers == ("speaker-1", "speaker-2")
    assert set(manifest.files) == set(FILES)
    assert {trace.field for trace in removed.traces} == {"speakers", "created_with.system"}


def test_short_names_are_replaced_where_they_stand_alone_and_that_is_told(tmp_path: Path) -> None:
    removed = anonymize(plain(tmp_path / "source", speakers=["a", "b"], data_statement="a woman and b"), tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    assert (manifest.speakers, manifest.data_statement) == (("speaker-1", "speaker-2"), "a woman and b")
    assert any("not looked for in texts, as too short or too common: speaker-1, speaker-2" in line for line in removed.kept)


def test_a_real_voice_passes_its_golden_vectors_and_speaks_the_same_samples(tmp_path: Path) -> None:
    bundle = open_bundle(find_voice("default"))
    files: dict[str, Any] = {name: bundle.path / name for name in bundle.manifest.files if "int8" not in name}
    fields = fields_with_traces(bundle.manifest.fields(), "AnnaLi")
    fields["graphs"] = {
        name: graph | {"variants": [one for one in graph["variants"] if one["precision"] == "fp32"]}
        for name, graph in fields["graphs"].items()
    }
    first, _ = bundle.config.speakers
    config = bundle.config.replace(
        speakers=(first.replace(name="AnnaLi"),), architecture={**bundle.config.architecture, "fastspeech.speakers": 1}
    )
    files["config.json"] = json.dumps(config.fields()).encode()
    tensors = load_file(bundle.path / "weights/acoustic.safetensors")
    save_file(tensors | {"speaker.weight": tensors["speaker.weight"][:1].copy()}, tmp_path / "acoustic", {"by": ALL})
    files["weights/acoustic.safetensors"] = tmp_path / "acoustic"
    for name in bundle.manifest.graphs:
        path = f"graphs/onnx/fp32/{name}.onnx"
        files[path] = marked((bundle.path / path).read_bytes())
    source = write_bundle(tmp_path / "source", fields, files)
    anonymize(source, tmp_path / "out", ["Project Falcon"])
    assert left(tmp_path / "out" / "graphs") == []
    runs = list(run_golden(open_bundle(tmp_path / "out")))
    assert len(runs) == 7
    assert all(run.ok for run in runs)
    ours, theirs = (load(folder, precision="fp32").synthesize("你好。").wav for folder in (tmp_path / "out", source))
    assert np.array_equal(ours, theirs)
