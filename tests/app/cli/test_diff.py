import json
import shutil


def test_a_bundle_and_itself(tingshuo, bundle):
    done = tingshuo("diff", "default", bundle.path)
    assert (done.code, done.text) == (0, f"default and {bundle.path} are the same\n")


def test_what_differs_is_told_by_kind(tingshuo, bundle, tmp_path):
    folder = shutil.copytree(bundle.path, tmp_path / "other")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest |= {"licence": "MIT", "data_statement": "x" * 100}
    manifest["measured"][0]["figures"]["rtf"] = 0.0123456
    (folder / "manifest.json").write_text(json.dumps(manifest))
    lines = tingshuo("diff", "default", folder).text.splitlines()
    assert "statements:" in lines
    assert f"  licence: {bundle.manifest.licence} -> MIT" in lines
    assert any(line.endswith(f"-> {'x' * 60}…") for line in lines)
    assert any(line.endswith(" rtf: - -> 0.012346") for line in lines)
    told = json.loads(tingshuo("diff", "default", folder, "--json").out)
    assert told["same"] is False
    assert {"where": "licence", "old": bundle.manifest.licence, "new": "MIT"} in told["statements"]


def test_an_unknown_version_is_told_the_known_ones(tingshuo, bundle, monkeypatch, tmp_path):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    tingshuo("save", bundle.path, "--name", "anna")
    done = tingshuo("diff", "anna@9.0.0", "anna")
    assert done.code == 2
    assert f"anna has no version or alias '9.0.0'; it has: {bundle.manifest.version}" in done.err
