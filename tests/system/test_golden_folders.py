"""A user imports an original checkpoint and compares the bundle with what the original answered."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from tests.port.originals import GOLDEN
from typer.testing import CliRunner

from tingshuo.app.cli.verbs import app

pytestmark = [pytest.mark.train, pytest.mark.slow]
CASES = {
    "hifigan_v2": ("hifigan_v2",),
    "rvc_v2_40k": ("rvc_v2_40k",),
    "sambert_16k": ("sambert_16k", "kan_hifigan_16k"),
    "vocos_mel_24khz": ("vocos_mel_24khz",),
}
"""Fixture of a checkpoint to the folders that it is rebuilt from, and that it is compared with."""


@pytest.fixture(scope="session")
def bundles(golden: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the bundle of an original's checkpoint, imported once."""
    from tingshuo.port import import_checkpoint

    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            files = golden(*CASES[name]).files
            path = files / "assets/weights/golden.pth" if name == "rvc_v2_40k" else files
            made[name] = import_checkpoint(path, tmp_path_factory.mktemp(name) / "bundle").path
        return made[name]

    return get


@pytest.mark.parametrize(("name", "folder"), [(name, folder) for name, folders in CASES.items() for folder in folders])
def test_a_bundle_answers_as_the_original(bundles: Callable[[str], Path], name: str, folder: str) -> None:
    done = CliRunner().invoke(app, ["verify", str(bundles(name)), "--golden", str(GOLDEN / folder), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)["original"]
    assert report["ok"]
    assert report["not_compared"] == {}
    answers = json.loads((GOLDEN / folder / "spec.json").read_text("utf-8"))["golden"]
    assert len(report["compared"]) == len([one for one in answers if ".in." not in one and not one.startswith("in.")])


def test_another_family_s_folder_is_refused(bundles: Callable[[str], Path]) -> None:
    done = CliRunner().invoke(app, ["verify", str(bundles("hifigan_v2")), "--golden", str(GOLDEN / "rvc_v2_40k")])
    assert done.exit_code != 0
    assert "which a bundle of the family vocoder+hifigan does not read" in str(done.exception)
