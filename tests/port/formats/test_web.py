import base64
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import tingshuo
from tingshuo.errors import BundleError, ConsentError, OutputError, PortError, SealedError
from tingshuo.port.formats.web import LABEL, SCRIPTS, write_web
from tingshuo.store.bundle import open_bundle
from tingshuo.store.manifest import ConsentRecord, Sealing
from tingshuo.tasks.voices import find_voice

PAGE = Path(tingshuo.__file__).parent / "port/formats/web"


@pytest.fixture
def bundle():
    return open_bundle(find_voice("default"))


@pytest.fixture
def folder(tmp_path, bundle, runtime):
    """Return the built-in voice as a page, with a stand-in for the runtime, and what was told of it."""
    return write_web(bundle, tmp_path / "page", runtime=runtime)


def test_a_folder_that_is_whole_and_asks_for_nothing_else(folder, bundle):
    html = (folder.path / "index.html").read_text("utf-8")
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', html)
    assert not [name for name in loaded if not (folder.path / name).is_file()]
    written = {p.relative_to(folder.path).as_posix(): p.stat().st_size for p in folder.path.rglob("*") if p.is_file()}
    assert {name for name in written if name.endswith((".js", ".css"))} <= set(loaded)
    assert not [name for name in loaded if name.startswith(("http", "//"))]
    assert not [name for name in re.findall(r'<script defer src="([^"]+)"', html) if not name.endswith(".js")]
    assert folder.total_bytes == sum(written.values())
    for part, size in (("graphs", folder.graphs_bytes), ("runtime", folder.runtime_bytes), ("page", folder.page_bytes)):
        assert size > 0, part
    check_the_graphs(folder.path, bundle)
    check_the_label(folder.path, bundle)


def check_the_graphs(path, bundle):
    """The graphs in the page are those of the bundle with their weights inside: onnxruntime alone gives the same numbers."""
    held = re.search(r'= "(.*)";', (path / "data/graph-pitch.js").read_text("ascii"))
    assert held
    session = onnxruntime.InferenceSession(base64.b64decode(held[1]))
    golden = np.load(bundle.file("golden/pitch.npz"))
    inputs = {value.name: golden[f"input/{value.name}"] for value in session.get_inputs()}
    assert np.abs(session.run(["pitch"], inputs)[0] - golden["output/pitch"]).max() < 1e-4


def check_the_label(path, bundle):
    """The page, its files and its README say that the speech is made by AI, and whose voice it is."""
    assert "人工智能合成" in (path / "index.html").read_text("utf-8")
    assert "人工智能合成" in (path / "README.md").read_text("utf-8")
    assert "CMU Pronouncing Dictionary" in (path / "NOTICE.txt").read_text("utf-8")
    assert "Microsoft Corporation" in (path / "runtime/LICENSE.txt").read_text("utf-8")
    facts = (path / "data/voice.js").read_text("utf-8")
    assert LABEL in facts
    assert bundle.manifest.licence in facts
    assert all(row.work in facts for row in bundle.manifest.attributions)


def test_a_folder_that_is_there_is_left_alone(tmp_path, bundle, runtime):
    (tmp_path / "page").mkdir()
    with pytest.raises(OutputError, match="already exists"):
        write_web(bundle, tmp_path / "page", runtime=runtime)
    assert not list((tmp_path / "page").iterdir())


def test_without_the_runtime_nothing_is_written(tmp_path, bundle):
    with pytest.raises(PortError, match="tingshuo env make web"):
        write_web(bundle, tmp_path / "page", runtime=tmp_path / "empty")
    assert not (tmp_path / "page").exists()


def test_an_encrypted_voice_is_refused(tmp_path, bundle, runtime):
    sealed = replace(bundle, manifest=bundle.manifest.replace(sealed=Sealing(recipients=("age1x",), plain_sha256="0" * 64)))
    with pytest.raises(SealedError, match="a page cannot keep a secret"):
        write_web(sealed, tmp_path / "page", runtime=runtime)


def test_a_voice_cloned_from_a_person_is_refused(tmp_path, bundle, runtime):
    record = ConsentRecord(
        speaker="tan",
        given_by="a person",
        given_on="2026-01-01",
        purpose="reading books",
        valid_until="unlimited",
        recording_sha256="0" * 64,
    )
    cloned = replace(bundle, manifest=bundle.manifest.replace(cloned=("tan",), consents=(record,)))
    with pytest.raises(ConsentError, match="cannot ask whether their consent still holds"):
        write_web(cloned, tmp_path / "page", runtime=runtime)


def test_a_damaged_voice_is_refused(tmp_path, bundle, runtime):
    copy = shutil.copytree(bundle.path, tmp_path / "copy", copy_function=os.link)
    (copy / "MODELCARD.md").unlink()
    with pytest.raises(BundleError, match=r"MODELCARD.md: is missing"):
        write_web(replace(bundle, path=copy), tmp_path / "page", runtime=runtime)


def test_a_vocoder_that_the_page_does_not_have_is_refused(tmp_path, bundle, runtime):
    graphs = dict(bundle.manifest.graphs)
    graphs["vocoder"] = graphs["vocoder"].replace(outputs={"wav": graphs["vocoder"].outputs["gain"]})
    other = replace(bundle, manifest=bundle.manifest.replace(graphs=graphs))
    with pytest.raises(PortError, match="gives wav; the page speaks through a source-filter vocoder"):
        write_web(other, tmp_path / "page", runtime=runtime)


def test_the_list_of_scripts_is_complete_and_no_script_is_long():
    scripts = {path.stem: path for path in (PAGE / "js").glob("*.js")}
    assert scripts.keys() == set(SCRIPTS)
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in scripts.items()}
    assert not {name: n for name, n in lengths.items() if n > 300}
