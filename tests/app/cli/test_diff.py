import json
import shutil

import pytest


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


@pytest.fixture
def evaluation(tmp_path):
    """Write evaluations of four texts: errors, scores, how long it took, and a measure of a single value."""

    def write(name, errors, scores=(3.0,) * 4, rtf=0.1, once=1.0):
        rows = [
            {"id": str(k), "text": "好", "measures": {"speech": {"mcd_db": e, "dnsmos_ovrl": s, "rtf": rtf}}}
            for k, (e, s) in enumerate(zip(errors, scores, strict=True))
        ]
        figures = [
            {"measure": measure, "kind": "speech", "value": value, "low": None, "high": None, "n": n}
            for measure, value, n in (
                ("mcd_db", sum(errors) / 4, 4), ("dnsmos_ovrl", sum(scores) / 4, 4), ("rtf", rtf, 4),
                ("tone1_change_semitones", once, 1),                ("tone2_correlation", once, 1),
            )
        ]  # fmt: skip
        path = tmp_path / name
        path.write_text(json.dumps({"voice": name, "version": "1", "subject": "texts", "n": 4, "rows": rows, "figures": figures}))
        return path

    return write


def test_a_figure_that_is_worse_fails(tingshuo, evaluation):
    old, new = evaluation("old", (1.0, 2.0, 3.0, 4.0)), evaluation("new", (1.2, 2.2, 3.2, 4.2), rtf=9.0)
    done = tingshuo("diff", old, new, "--worse-than", "5%")
    assert done.code == 20
    assert done.err.splitlines() == [
        "Worse: speech mcd_db, 2.5 -> 2.7, by 8 %",
        "1 of 3 figures is worse by more than 5 %",
    ]
    assert "  speech rtf: 0.1 -> 9" in done.text, "shown, and not judged: it is the machine's"
    assert tingshuo("diff", old, new, "--worse-than", "10%").code == 0
    assert tingshuo("diff", new, old, "--worse-than", "0%").code == 0
    assert tingshuo("diff", old, new).code == 0, "without a limit nothing is too bad"
    told = json.loads(tingshuo("diff", old, new, "--worse-than", "5%", "--json").out)
    assert [row["where"] for row in told["worse"]] == ["speech mcd_db"]


def test_what_chance_explains_is_not_worse(tingshuo, evaluation):
    old = evaluation("old", (1.0, 2.0, 3.0, 4.0))
    done = tingshuo("diff", old, evaluation("new", (2.0, 1.1, 4.5, 3.5)), "--worse-than", "5%")
    assert (done.code, done.err) == (0, "")
    assert done.text.endswith("None of 3 figures is worse by more than 5 %\n")


def test_a_lower_score_is_worse_and_so_is_a_single_value(tingshuo, evaluation):
    old = evaluation("old", (1.0,) * 4)
    assert (
        "Worse: speech dnsmos_ovrl" in tingshuo("diff", old, evaluation("new", (1.0,) * 4, (2.0,) * 4), "--worse-than", "5%").err
    )
    done = tingshuo("diff", old, evaluation("new", (1.0,) * 4, once=0.5), "--worse-than", "5%")
    assert done.err.splitlines()[0] == "Worse: speech tone2_correlation, 1 -> 0.5, by 50 %"
    assert "tone1" not in done.err, "neither way is better"


def test_figures_of_bundles_are_judged_too(tingshuo, bundle, tmp_path):
    folders = []
    for name, factor in (("old", 1.0), ("new", 1.5)):
        folder = shutil.copytree(bundle.path, tmp_path / name)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["measured"][0]["figures"]["mel_l1_nepers"] *= factor
        (folder / "manifest.json").write_text(json.dumps(manifest | {"licence": name}))
        folders.append(folder)
    done = tingshuo("diff", *folders, "--figures", "--worse-than", "5%")
    assert done.code == 20
    assert "mel_l1_nepers" in done.err
    assert "by 50 %" in done.err
    assert done.text.startswith("figures:\n")
    assert "licence" not in done.text
    assert "licence: old -> new" in tingshuo("diff", *folders, "--worse-than", "60%").text


def test_what_cannot_be_judged_is_no_pass(tingshuo, evaluation, bundle, tmp_path):
    old = evaluation("old", (1.0,) * 4)
    for limit in ("5", "0.05", "-1%", "x%", "nan%", "inf%"):
        done = tingshuo("diff", old, old, f"--worse-than={limit}")
        assert done.code == 2, limit
        assert "must be a percentage of 0 or more, such as 5%" in done.err
    folder = shutil.copytree(bundle.path, tmp_path / "other")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"measured": []}))
    done = tingshuo("diff", "default", folder, "--worse-than", "5%")
    assert done.code == 2
    assert "have no figure in common that could be judged" in done.err
    done = tingshuo("diff", old, "default", "--worse-than", "5%")
    assert done.code == 2
    assert "default: is not an evaluation.json" in done.err
