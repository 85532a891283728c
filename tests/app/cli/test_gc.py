import json


def test_what_is_not_needed_goes_after_it_has_been_told(tingshuo, bundle, monkeypatch, tmp_path):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    tingshuo("save", bundle.path, "--name", "anna")
    left = tmp_path / "registry/voices/anna/.9.0.0.x.partial"
    left.mkdir()
    (left / "half").write_bytes(b"x" * 200_000)
    assert tingshuo("gc", "--dry-run").text == "0 versions, 0 blobs, 1 leftovers, 0.2 MB would go\n"
    assert left.exists()
    told = json.loads(tingshuo("gc", "--json").out)
    assert told == {"removed": True, "versions": [], "blobs": 0, "leftovers": 1, "n_bytes": 200_000}
    assert tingshuo("gc").text == "0 versions, 0 blobs, 0 leftovers, 0.0 MB are gone\n"
    assert tingshuo("verify", "anna").code == 0
    assert tingshuo("gc", "--keep", "0").code == 2
