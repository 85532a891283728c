"""A model becomes a proven bundle, or nothing at all and a sentence that says why."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tingshuo.port  # noqa: E402
from tingshuo.errors import OutputError, PortError, RequestError  # noqa: E402
from tingshuo.port import draft_folder, import_checkpoint, probe  # noqa: E402
from tingshuo.port.reading import LONGEST_NAME, find_system  # noqa: E402
from tingshuo.store.bundle import open_bundle, verify_bundle  # noqa: E402
from tingshuo.store.manifest import read_manifest  # noqa: E402

pytestmark = pytest.mark.train
Get = Callable[[str], Path]


def test_the_door_of_the_room_opens_on_use() -> None:
    from tingshuo.port.importing import import_checkpoint as same
    from tingshuo.port.recognise.probe import probe as same_probe

    assert (import_checkpoint, probe) == (same, same_probe)
    with pytest.raises(AttributeError, match=r"module 'tingshuo\.port' has no attribute 'convert_all'"):
        _ = tingshuo.port.convert_all


def test_a_bundle_says_where_it_comes_from(imported: Get) -> None:
    for name, licence in (("sambert", "LicenseRef-unknown"), ("emotivoice", "Apache-2.0")):
        bundle = open_bundle(imported(name), verify=True)
        manifest = bundle.manifest
        assert (manifest.name, manifest.task, manifest.version, manifest.licence) == (name, "tts", "1.0.0", licence)
        assert manifest.sample_rate == bundle.settings.sample_rate == 16000
        assert manifest.data_statement.startswith("Imported from ")
        assert manifest.consent.startswith("Not known: it was imported.")
        assert manifest.attributions
        assert "torch" in manifest.created_with
        card = (bundle.path / "MODELCARD.md").read_text("utf-8")
        for graph in manifest.graphs:
            assert f"| {graph} | " in card
        assert str(bundle.path.parent) not in card + json.dumps(manifest.fields())


def test_weights_are_the_originals_to_the_last_bit(imported: Get) -> None:
    bundle = open_bundle(imported("sambert"))
    from tests.port.tiny_bundles import WIDE
    from tests.port.tiny_sambert import random_net

    from tingshuo.models.sambert.net import Sambert

    held = bundle.tensors("weights/acoustic.safetensors")
    for name, tensor in random_net(Sambert, WIDE).state_dict().items():
        assert held[name].dtype == np.float32
        np.testing.assert_array_equal(held[name], tensor.numpy(), err_msg=name)


def test_what_an_import_made_is_told(foreign: Get, quickly: Callable[[str], None], tmp_path: Path) -> None:
    quickly("sambert")
    told: list[tuple[float, str]] = []

    def tell(share: float, what: str) -> None:
        told.append((share, what))

    made = import_checkpoint(foreign("sambert"), tmp_path / "out", name="zhitian", licence="CC-BY-4.0", tell=tell)
    plain = json.loads(json.dumps(made.to_json()))
    assert (plain["path"], plain["name"], plain["system"], plain["licence"]) == (
        str(tmp_path / "out"), "zhitian", "sambert", "CC-BY-4.0",
    )  # fmt: skip
    assert plain["tensors"].keys() == plain["left_out"].keys() == {"acoustic", "vocoder"}
    assert "optimizer" in plain["left_out"]["acoustic"]
    assert plain["errors"].keys() == read_manifest(tmp_path / "out").graphs.keys()
    assert all(error < -60 for outputs in plain["errors"].values() for error in outputs.values())
    assert not [note for note in plain["notes"] if "licence" in note]
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert all(0 <= share <= 1 for share, _ in told)
    assert verify_bundle(tmp_path / "out").ok


def test_without_a_destination_it_lies_here_under_its_name(
    foreign: Get, quickly: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly("sambert")
    monkeypatch.chdir(tmp_path)
    made = import_checkpoint(foreign("sambert"))
    assert made.path == Path("sambert")
    assert any("under which licence it may be used; find out, and say so with --licence" in note for note in made.notes)
    assert (tmp_path / "sambert" / "manifest.json").is_file()


def test_a_bundle_that_is_there_is_replaced_on_purpose_alone(
    foreign: Get, quickly: Callable[[str], None], tmp_path: Path
) -> None:
    quickly("sambert")
    target = tmp_path / "out"
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    for force in (False, True):  # not even --force takes the place of what is no bundle
        with pytest.raises(OutputError, match="out: is there already; give another --output, or --force to take the place of"):
            import_checkpoint(foreign("sambert"), target, force=force)
    assert [path.name for path in target.iterdir()] == ["notes.txt"]
    shutil.rmtree(target)
    import_checkpoint(foreign("sambert"), target, name="one")
    with pytest.raises(OutputError, match="is there already"):
        import_checkpoint(foreign("sambert"), target, name="two")
    assert read_manifest(target).name == "one"
    import_checkpoint(foreign("sambert"), target, name="two", force=True)
    assert read_manifest(target).name == "two"
    assert verify_bundle(target).ok


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "你好!", "x" * (LONGEST_NAME + 1), "-a", "a."])
def test_a_name_that_is_none_is_refused_before_anything_is_made(
    foreign: Get, in_process: None, tmp_path: Path, name: str
) -> None:
    with pytest.raises(PortError, match=r"cannot be the name of a bundle: letters, digits, - _ \. and at most 64 characters"):
        import_checkpoint(foreign("sambert"), tmp_path / "out", name=name)
    assert not list(tmp_path.iterdir())


def refuse(*_: Any, **__: Any) -> Any:
    raise PortError("graph 'decoder' cannot be exported: no")


def test_nothing_is_left_of_an_import_that_fails(
    foreign: Get, in_process: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_folder, "export_structures", refuse)
    with pytest.raises(PortError, match="graph 'decoder' cannot be exported"):
        import_checkpoint(foreign("sambert"), tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("*"))


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def readme_alone(folder: Path) -> None:
    empty(folder)
    (folder / "README.md").write_text("# A voice\n")


def discriminator_alone(folder: Path) -> None:
    empty(folder)
    state = {"mpd": {"discriminators.0.convs.0.weight_g": torch.ones(3)}, "msd": {}, "optim_g": {}, "steps": 1}
    torch.save(state, folder / "do_00000001")


def two_systems(folder: Path) -> None:
    from tests.port.tiny_emotivoice import write_project

    write_project(folder / "EmotiVoice")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (empty, "holds nothing that looks like a model; give the file, or the folder that it lies in"),
        (readme_alone, "holds nothing that looks like a model"),
        (discriminator_alone, r"do_00000001: is hifigan discriminator and optimizer \(do_\*\), not a model to import: is needed"),
        (two_systems, r"holds models of .*; say which with --system, or give the folder of one"),
        (lambda folder: shutil.rmtree(folder), "there is no such file or folder"),
    ],
)
def test_what_is_no_model_is_named(foreign: Get, tmp_path: Path, spoil: Callable[[Path], Any], message: str) -> None:
    folder = shutil.copytree(foreign("sambert"), tmp_path / "model")
    spoil(folder)
    with pytest.raises(PortError, match=message) as caught:
        import_checkpoint(folder, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_system_may_be_said(foreign: Get, tmp_path: Path) -> None:
    assert (find_system(foreign("sambert")), find_system(foreign("emotivoice"))) == ("sambert", "emotivoice")
    with pytest.raises(RequestError, match=r"unknown system to import from 'kaldi'.*emotivoice.*sambert"):
        import_checkpoint(foreign("sambert"), tmp_path / "out", system="kaldi")
    with pytest.raises(PortError, match="has no checkpoint of EmotiVoice"):
        import_checkpoint(foreign("sambert"), tmp_path / "out", system="emotivoice")
