"""The process that exports finds what to export in the folder of the draft."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.port.test_draft_folder import draft, no_nets

from tingshuo.port import draft_folder
from tingshuo.port.draft_folder import open_draft, save_draft
from tingshuo.port.exporting import export

pytestmark = pytest.mark.train


def test_the_nets_of_a_draft_are_exported_into_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_folder, "export_structures", no_nets)
    save_draft(draft(), tmp_path)
    export({"folder": str(tmp_path)}, lambda share, what: None)
    assert dict(open_draft(tmp_path).nets) == {"vocoder": "vocoder"}
