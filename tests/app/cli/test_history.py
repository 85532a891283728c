import json


def test_an_empty_registry_says_how_to_begin(tingshuo, monkeypatch, tmp_path):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    done = tingshuo("history")
    assert (done.code, done.text) == (0, "Nothing has been saved yet. Try: tingshuo save RUN --name my-voice\n")
    done = tingshuo("history", "anna")
    assert done.code == 14
    assert "no version of 'anna' has been saved" in done.err


def test_versions_are_listed_with_what_points_to_them(tingshuo, bundle, monkeypatch, tmp_path):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    for name in ("anna", "ben"):
        tingshuo("save", bundle.path, "--name", name, "--alias", "prod", "--note", f"of {name}")
    version = bundle.manifest.version
    (line,) = tingshuo("history", "anna").text.splitlines()
    assert line.startswith(f"anna@{version}  ")
    assert line.endswith("  (current, prod)  of anna")
    assert len(tingshuo("history").text.splitlines()) == 2
    told = json.loads(tingshuo("history", "--json").out)
    assert told["aliases"]["ben"] == {"current": version, "prod": version}
    assert told["versions"]["anna"][0]["note"] == "of anna"
