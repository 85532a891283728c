"""``import``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import onnx
from onnx import TensorProto, helper
from tests.port.tiny_bundles import graphs_of, write_sambert

from tingshuo.port import draft_folder, importing, reading
from tingshuo.port.export import IR_VERSION, OPSET
from tingshuo.store.manifest import read_manifest

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sambert(tmp_path_factory.mktemp("download") / "anna")


@pytest.fixture
def quick(imported: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take the graphs of a bundle that has them, in an empty folder."""
    monkeypatch.setattr(importing, "run_reading", reading.read)
    monkeypatch.setattr(draft_folder, "export_structures", graphs_of(imported("sambert")))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("quick")
def test_a_folder_becomes_a_bundle(tingshuo: Any, folder: Path, tmp_path: Path) -> None:
    done = tingshuo("import", folder)
    assert (done.code, done.err) == (0, "")
    first, tensors, graphs, *notes, last = done.text.splitlines()
    assert first == "anna: anna, imported from sambert, tts at 16000 Hz, licence LicenseRef-unknown"
    assert "tensors have their place" in tensors
    assert "7 graphs equal the net: the largest error is -1" in graphs
    assert any("say so with --licence" in note for note in notes)
    assert last == "  Try: tingshuo say 你好 --voice anna"
    assert read_manifest(tmp_path / "anna").name == "anna"


@pytest.mark.usefixtures("quick")
def test_name_licence_and_place_are_said_and_machines_told(tingshuo: Any, folder: Path, tmp_path: Path) -> None:
    done = tingshuo("import", folder, "-o", "there", "--name", "zhi", "--licence", "CC-BY-4.0", "--system", "sambert", "--json")
    told = json.loads(done.text)
    assert (told["path"], told["name"], told["licence"], told["task"]) == ("there", "zhi", "CC-BY-4.0", "tts")
    assert told["tensors"]["acoustic"] > 100
    manifest = read_manifest(tmp_path / "there")
    assert (manifest.name, manifest.licence) == ("zhi", "CC-BY-4.0")


@pytest.mark.usefixtures("quick")
def test_what_is_there_stays_without_force(tingshuo: Any, folder: Path) -> None:
    assert tingshuo("import", folder, "-o", "there").code == 0
    again = tingshuo("import", folder, "-o", "there")
    assert (again.code, again.out) == (6, b"")
    assert "there: is there already; give another --output, or --force to take the place of a bundle" in again.err
    assert tingshuo("import", folder, "-o", "there", "--force", "--name", "new").code == 0
    assert read_manifest(Path("there")).name == "new"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nowhere",), 11, "nowhere: there is no such file or folder"),
        ((".",), 11, "holds nothing that looks like a model"),
        (("FOLDER", "--voice", "cleo"), 11, "has no voice 'cleo'; it has anna"),
        (("FOLDER", "--name", "a b"), 11, "'a b' cannot be the name of a bundle"),
        (("FOLDER", "--system", "kaldi"), 2, "unknown system to import from 'kaldi'"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_what_cannot_be_imported_is_one_line_and_nothing_is_left(
    tingshuo: Any, folder: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = tingshuo("import", *(str(folder) if one == "FOLDER" else one for one in arguments), "-o", tmp_path / "out")
    assert (done.code, done.out) == (code, b"")
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_contract_and_a_config_are_printed_to_be_filled_in(tingshuo: Any, tmp_path: Path) -> None:
    node = helper.make_node("Relu", ["mel"], ["wav"])
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 80, "T"]) for name in ("mel", "wav"))
    graph = helper.make_graph([node], "g", [given], [made])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION), tmp_path / "model.onnx"
    )
    contract = tingshuo("import", tmp_path / "model.onnx", "--contract", "new")
    assert (contract.code, contract.err) == (0, "")
    assert "task: vocoder" in contract.text
    assert "task: asr" in tingshuo("import", tmp_path / "model.onnx", "--contract", "new:asr").text
    config = tingshuo("import", tmp_path / "weights.pth", "--config", "new:vocoder+hifigan")
    assert json.loads(config.text)["family"] == "vocoder+hifigan"
    assert not list(tmp_path.glob("*/"))


def test_a_family_that_has_no_config_to_fill_in_is_named(tingshuo: Any) -> None:
    done = tingshuo("import", "weights.pth", "--config", "new:tacotron")
    assert done.code != 0
    assert "'tacotron'" in done.err
    assert "vocoder+hifigan" in done.err


def test_a_contract_and_a_config_are_not_told_both(tingshuo: Any, tmp_path: Path) -> None:
    done = tingshuo("import", tmp_path, "--contract", "c.yaml", "--config", "c.json")
    assert done.code != 0
    assert "not by both" in done.err
