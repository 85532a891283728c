"""``verify``."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tingshuo.store.sign import sign_bundle
from tingshuo.store.sign_keys import make_key, read_private_key

TINY = Path(__file__).parents[2] / "store" / "tiny"


@pytest.fixture
def copy(bundle, tmp_path):
    return shutil.copytree(bundle.path, tmp_path / "voice")


def test_a_sound_bundle_by_name_and_by_path(tingshuo, copy):
    for name in ("default", copy):
        done = tingshuo("verify", name)
        assert (done.code, done.err) == (0, "")
        assert "all as the manifest says" in done.text
    assert json.loads(tingshuo("verify", copy, "--json").out)["ok"] is True


def test_a_damaged_bundle_names_the_file(tingshuo, copy):
    weights = copy / "weights" / "acoustic.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    done = tingshuo("verify", copy)
    assert done.code == 9
    assert "acoustic.safetensors" in done.text
    assert done.err.count("\n") == 1
    report = json.loads(tingshuo("verify", copy, "--json").out)
    assert report["ok"] is False
    assert len(report["problems"]) == 1


def test_a_folder_that_is_no_bundle(tingshuo, tmp_path):
    done = tingshuo("verify", tmp_path)
    assert (done.code, "is not a bundle" in done.err) == (9, True)


@pytest.fixture
def key(tmp_path):
    """A private key; its public half lies beside it."""
    make_key(tmp_path / "acme")
    return tmp_path / "acme"


@pytest.fixture
def tiny(tmp_path):
    """A bundle of a few kilobytes."""
    return shutil.copytree(TINY, tmp_path / "tiny")


@pytest.fixture
def signed(tiny, key):
    sign_bundle(tiny, read_private_key(key))
    return tiny


def test_a_signature_that_was_not_checked_is_said(tingshuo, tiny, key):
    assert "signature" not in tingshuo("verify", tiny).text
    assert json.loads(tingshuo("verify", tiny, "--json").out)["signature"] is None
    sign_bundle(tiny, read_private_key(key))
    done = tingshuo("verify", tiny)
    assert (done.code, done.err) == (0, "")
    assert done.text.splitlines()[-1] == (
        "It has a signature, which was not checked: --key PUBLIC_KEY or --policy FILE checks it"
    )
    assert json.loads(tingshuo("verify", tiny, "--json").out)["signature"] == {"verified": False}


@pytest.mark.parametrize("how", ["--key", "--policy"])
def test_who_signed_is_told(tingshuo, signed, key, how):
    public = read_private_key(key).public
    policy = key.with_name("policy.yaml")
    policy.write_text("voices: {tiny: [acme.pub]}")
    path, label = (f"{key}.pub", f"{key}.pub") if how == "--key" else (policy, "acme.pub")
    done = tingshuo("verify", signed, how, path)
    assert (done.code, done.err) == (0, "")
    assert "all as the manifest says" in done.text
    assert done.text.splitlines()[-1] == f"Signed with {label}: p256 key {public.fingerprint}"
    told = json.loads(tingshuo("verify", signed, how, path, "--json").out)
    assert told["ok"] is True
    assert told["signature"] == {"verified": True, "key": label, "kind": "p256", "fingerprint": public.fingerprint}


def test_a_signature_that_does_not_fit_fails(tingshuo, signed, key):
    (signed / "extra").touch()
    done = tingshuo("verify", signed, "--key", f"{key}.pub")
    assert (done.code, done.out, done.err.count("\n")) == (9, b"", 1)
    assert "extra: is not covered by the signature" in done.err
    told = tingshuo("verify", signed, "--key", f"{key}.pub", "--json")
    assert told.code == 9
    report = json.loads(told.out)
    assert (report["ok"], report["signature"]) == (False, {"verified": False})
    assert "extra: is not covered" in report["problems"][0]


def test_a_missing_signature_fails_when_it_is_asked_for(tingshuo, tiny, key):
    done = tingshuo("verify", tiny, "--key", f"{key}.pub")
    assert (done.code, "has no signature.json" in done.err) == (9, True)


def test_the_manifest_is_not_read_before_the_signature(tingshuo, signed, key, monkeypatch):
    monkeypatch.setattr("tingshuo.store.bundle.read_manifest", None)
    (signed / "manifest.json").write_bytes(b"[" * 100_000)
    done = tingshuo("verify", signed, "--key", f"{key}.pub")
    assert (done.code, "manifest.json: is not the one that was signed" in done.err) == (9, True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--key", "a", "--policy", "b"), 2, "--key and --policy exclude each other"),
        (("--key", "none.pub"), 2, "none.pub: cannot be read: No such file"),
        (("--policy", "none.yaml"), 3, "none.yaml: cannot be read: No such file"),
    ],
)
def test_wrong_options_are_one_line(tingshuo, arguments, code, message):
    done = tingshuo("verify", "default", *arguments)
    assert (done.code, message in done.err, done.err.count("\n")) == (code, True, 1)


def test_an_address_is_read_to_the_last_byte(tingshuo, bundle, monkeypatch, tmp_path):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    tingshuo("save", bundle.path, "--name", "anna")
    assert tingshuo("push", "anna", tmp_path / "place").code == 0
    address = f"file://{tmp_path}/place/voices/anna"
    done = tingshuo("verify", address)
    assert (done.code, done.err) == (0, "")
    assert done.text.startswith(f"anna@{bundle.manifest.version}: 27.")
    blob = next(path for path in (tmp_path / "place/blobs").rglob("*") if path.is_file() and path.stat().st_size > 1000)
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    done = tingshuo("verify", address)
    assert done.code == 9
    assert "1 of its files are not what the manifest says" in done.err
    assert json.loads(tingshuo("verify", address, "--json").out)["ok"] is False
    assert tingshuo("verify", f"file://{tmp_path}/place").code == 2


def test_how_the_consent_to_a_clone_stands_is_one_line_and_fails_nothing(tingshuo, copy, tmp_path):
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    said = {"given_by": "Yue Tan", "given_on": "2001-05-01", "purpose": "books", "recording_sha256": "0" * 64}
    one, other = manifest["speakers"]
    until = {one: "2001-06-01", other: "unlimited"}
    consents = [{"speaker": name, "valid_until": day, **said} for name, day in until.items()]
    path.write_text(json.dumps(manifest | {"cloned": [one, other], "consents": consents}))
    done = tingshuo("verify", copy, "--report", tmp_path / "out.html")
    assert (done.code, done.err) == (0, "")
    assert f"Cloned from people: {one}, ended on 2001-06-01; {other}, valid without end\n" in done.text
    assert f'<span class="bad">{one}: ended on 2001-06-01</span>' in (tmp_path / "out.html").read_text("utf-8")
    told = json.loads(tingshuo("verify", copy, "--json").out)
    assert told["ok"] is True
    assert [(row["speaker"], row["state"]) for row in told["consents"]] == [(one, "ended"), (other, "valid")]


def test_golden_vectors_are_run_and_a_report_is_written(tingshuo, copy, tmp_path):
    done = tingshuo("verify", copy, "--report", tmp_path / "out.html")
    assert done.code == 0
    assert "14 outputs of its graphs are within the limits of its golden vectors" in done.text
    assert "It is not signed" in (tmp_path / "out.html").read_text()
    assert len(json.loads(tingshuo("verify", copy, "--json").out)["golden"]) == 14
    limits = copy / "golden/limits.json"
    strict = limits.read_text().replace("-60.0", "-190.0")
    manifest = json.loads((copy / "manifest.json").read_text())
    limits.write_text(strict)
    manifest["files"]["golden/limits.json"] = {"sha256": hashlib.sha256(strict.encode()).hexdigest(), "size": len(strict)}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    done = tingshuo("verify", copy, "--report", tmp_path / "bad.html")
    assert done.code == 11
    assert "outputs are beyond their limits on this machine" in done.err
    assert 'class="bad"' in (tmp_path / "bad.html").read_text()
    assert json.loads(tingshuo("verify", copy, "--json").out)["ok"] is False
    assert tingshuo("verify", copy, "--report", tmp_path / "bad.html" / "inside.html").code == 6


@pytest.fixture
def answers(bundle, tmp_path):
    """Return a function that writes a golden folder: one run of a graph of the built-in voice, ``off`` by so much."""

    def answers(off: float = 0.0, tolerance: object = 1e-3):
        with np.load(bundle.path / "golden/pitch.npz") as stored:
            given = {f"a.in.pitch.{name[6:]}": stored[name] for name in stored.files if name.startswith("input/")}
            given["a.pitch.pitch"] = stored["output/pitch"] + np.float32(off)
        rows = {name: {"meaning": "made up"} for name in given} | {"a.pitch.pitch": {"tolerance": tolerance}}
        folder = tmp_path / "answers"
        folder.mkdir(exist_ok=True)
        (folder / "spec.json").write_text(json.dumps({"name": "mine", "golden": rows}), "utf-8")
        np.savez(folder / "golden.npz", **given)
        return folder

    return answers


def test_answers_of_another_program_are_compared(tingshuo, bundle, answers):
    done = tingshuo("verify", bundle.path, "--golden", answers())
    assert (done.code, done.err) == (0, "")
    assert "mine, fp32: largest error of 1 answers, what is allowed, and the SNR" in done.text
    assert "a.pitch.pitch" in done.text
    assert "The folder does not reach the graphs" in done.text
    assert done.text.splitlines()[-1] == "All 1 are within their tolerances"


def test_an_answer_that_is_too_far_off_is_exit_code_1(tingshuo, bundle, answers):
    done = tingshuo("verify", bundle.path, "--golden", answers(off=0.1))
    assert done.code == 1
    assert "BEYOND" in done.text
    assert done.text.splitlines()[-1] == "1 of 1 are beyond their tolerances"
    told = tingshuo("verify", bundle.path, "--golden", answers(off=0.1), "--json")
    assert told.code == 1
    report = json.loads(told.out)
    assert report["ok"] is False
    assert [row["ok"] for row in report["original"]["compared"]] == [False]
    assert 0.09 < report["original"]["compared"][0]["error"] < 0.11


def test_another_precision_says_by_how_much(tingshuo, bundle, answers):
    done = tingshuo("verify", bundle.path, "--golden", answers(tolerance={"": 1e-3, "int8": 5}), "--precision", "int8", "--json")
    assert done.code == 0
    (row,) = json.loads(done.out)["original"]["compared"]
    assert row["tolerance"] == 5
    assert row["error"] > 1e-3
    assert 10 < row["snr_db"] < 60
    unknown = tingshuo("verify", bundle.path, "--golden", answers(), "--precision", "fp16")
    assert (unknown.code, "it has: fp32, int8" in unknown.err) == (2, True)


def test_what_lies_inside_is_counted_where_nobody_looks(tingshuo, bundle, answers):
    folder = answers()
    with np.load(folder / "golden.npz") as stored:
        np.savez(folder / "golden.npz", **stored, **{"a.layer0": np.zeros((2, 3))})
    spec = json.loads((folder / "spec.json").read_text("utf-8"))
    spec["golden"]["a.layer0"] = {"tolerance": 1}
    (folder / "spec.json").write_text(json.dumps(spec), "utf-8")
    unknown = "neither at the border of a graph nor of a module that is known by this name"
    for looked, why in (((), unknown), (("--precision", "int8"), "inside a graph; int8 graphs have no net")):
        done = tingshuo("verify", bundle.path, "--golden", folder, *looked)
        assert f"1 not compared, {why}" in " ".join(done.text.split())


def test_a_folder_that_is_none_is_one_sentence(tingshuo, bundle, tmp_path):
    done = tingshuo("verify", bundle.path, "--golden", tmp_path)
    assert (done.code, done.err.count("\n")) == (7, 1)
    assert "is no golden folder, it has no spec.json" in done.err
