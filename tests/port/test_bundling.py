"""What a draft becomes, and that a graph which does not compute what its net computes never becomes a bundle."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tingshuo.errors import VerifyError  # noqa: E402
from tingshuo.port import bundling  # noqa: E402
from tingshuo.port.bundling import PROVED_CALLS, Listener, write_draft  # noqa: E402
from tingshuo.port.convert.sambert import draft as sambert_draft  # noqa: E402
from tingshuo.port.draft import Draft  # noqa: E402
from tingshuo.store.bundle import open_bundle  # noqa: E402
from tingshuo.tasks.golden import run_golden  # noqa: E402

pytestmark = pytest.mark.train
Get = Callable[[str], Path]


class Echo:
    """A session that answers with what it was given."""

    spec = None

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return dict(inputs)


@pytest.mark.parametrize(("calls", "chosen"), [(1, [0]), (2, [0, 1]), (3, [0, 1, 2]), (9, [0, 4, 8])])
def test_the_first_a_middle_and_the_last_call_are_proved(calls: int, chosen: list[int]) -> None:
    listener = Listener(Echo())  # type: ignore[arg-type]
    buffer = np.zeros(1)
    for n in range(calls):
        buffer[0] = n
        listener.run({"x": buffer})  # a loop may use its arrays again
    assert [call["x"].item() for call in listener.chosen()] == chosen
    assert len(chosen) <= PROVED_CALLS


@pytest.fixture
def draft(foreign: Get, in_process: None) -> Draft:
    return sambert_draft(foreign("sambert"))


def test_golden_vectors_are_what_the_net_answered_and_hold(imported: Get) -> None:
    for name in ("sambert", "sambert_bytes", "emotivoice"):
        bundle = open_bundle(imported(name))
        runs = list(run_golden(bundle))
        assert {run.graph for run in runs} == bundle.manifest.graphs.keys()
        assert all(run.limit_db is not None and run.error_db <= run.limit_db for run in runs), runs


def test_a_graph_that_is_too_far_off_is_refused_and_nothing_is_left(
    draft: Draft, quickly: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly("sambert")
    reference = bundling.reference_outputs

    def off(graph: Any, inputs: Any) -> dict[str, Any]:
        scale = 1.01 if graph.name == "memory" else 1.0  # 40 dB below; 60 are wanted
        return {name: scale * value for name, value in reference(graph, inputs).items()}

    monkeypatch.setattr(bundling, "reference_outputs", off)
    with pytest.raises(VerifyError, match=r"fp32 output 'memory' differs by -40\.\d dB from the net's, the limit is -60 dB"):
        write_draft(draft, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_graph_that_answers_with_what_is_no_number_is_refused(
    draft: Draft, quickly: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly("sambert")
    reference = bundling.reference_outputs

    def no_number(graph: Any, inputs: Any) -> dict[str, Any]:
        return {name: value * np.nan for name, value in reference(graph, inputs).items()}

    monkeypatch.setattr(bundling, "reference_outputs", no_number)
    with pytest.raises(VerifyError):
        write_draft(draft, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_files_beside_the_graphs_and_statements_go_along(draft: Draft, quickly: Callable[[str], None], tmp_path: Path) -> None:
    quickly("sambert")
    more = replace(draft, files={"text/words.json": b"{}"}, licence="MIT", languages=("zh-CN", "en-US"), notes=("a note",))
    proof = write_draft(more, tmp_path / "out")
    bundle = open_bundle(tmp_path / "out", verify=True)
    assert bundle.file("text/words.json").read_bytes() == b"{}"
    assert (bundle.manifest.licence, bundle.manifest.languages) == ("MIT", ("zh-CN", "en-US"))
    assert bundle.settings == draft.config
    card = (tmp_path / "out" / "MODELCARD.md").read_text("utf-8")
    assert "\n- a note\n" in card
    assert "| acoustic | " in card
    assert proof.errors.keys() == bundle.manifest.graphs.keys()
    limits = json.loads(bundle.file("golden/limits.json").read_text("utf-8"))
    assert set(limits["fp32"].values()) == {-60.0}
