import base64
import hashlib
import io
import json
import subprocess
import tarfile

import pytest

from tingshuo.errors import PortError
from tingshuo.port.formats import web_runtime
from tingshuo.port.formats.web_runtime import FILES, PACKAGE, VERSION, WASM, fetch_runtime, find_runtime, runtime_version


@pytest.fixture
def archive(runtime_files):
    """Return the package as the registry sends it, with more in it than a page needs."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, data in (runtime_files | {"dist/ort.webgpu.js": b"not needed"}).items():
            row = tarfile.TarInfo(f"package/{name}")
            row.size = len(data)
            tar.addfile(row, io.BytesIO(data))
    return held.getvalue()


@pytest.fixture
def asked(monkeypatch, archive):
    """Serve the archive instead of the network; return the addresses that were asked for."""
    addresses = []
    monkeypatch.setattr(web_runtime, "_download", lambda url: addresses.append(url) or archive)
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    monkeypatch.setattr(web_runtime, "INTEGRITY", f"sha512-{digest}")
    return addresses


def test_the_folder_of_the_package_is_found_wherever_npm_put_it(tmp_path, runtime):
    assert find_runtime(runtime) == runtime
    (tmp_path / "mine" / "node_modules").mkdir(parents=True)
    moved = runtime.rename(tmp_path / "mine" / "node_modules" / PACKAGE)
    assert find_runtime(tmp_path / "mine") == moved
    assert runtime_version(moved) == VERSION


def test_without_a_folder_it_is_looked_for_in_the_home(tmp_path, monkeypatch, runtime):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path / "home"))
    with pytest.raises(PortError, match=r"there is no onnxruntime-web .* `tingshuo env make web` fetches it.* --runtime"):
        find_runtime()
    (tmp_path / "home" / "env").mkdir(parents=True)
    runtime.rename(tmp_path / "home" / "env" / "web")
    assert find_runtime() == tmp_path / "home" / "env" / "web"


def test_another_version_and_a_missing_file_are_refused(runtime):
    (runtime / WASM).unlink()
    with pytest.raises(PortError, match=f"lacks {WASM}"):
        find_runtime(runtime)
    (runtime / "package.json").write_text(json.dumps({"name": PACKAGE, "version": "1.0.0"}))
    with pytest.raises(PortError, match=f"is {PACKAGE} 1.0.0, but pages are made with {VERSION}"):
        find_runtime(runtime)
    (runtime / "package.json").write_text("{")
    with pytest.raises(PortError, match="cannot be read as JSON"):
        find_runtime(runtime)


def test_fetching_unpacks_what_a_page_needs_and_nothing_else(tmp_path, asked):
    place = fetch_runtime(registry="https://registry.invalid/", destination=tmp_path / "web")
    assert asked == [f"https://registry.invalid/{PACKAGE}/-/{PACKAGE}-{VERSION}.tgz"]
    assert sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()) == sorted(FILES)
    assert find_runtime(place) == place


def test_an_archive_with_another_hash_is_refused(tmp_path, asked, monkeypatch):
    monkeypatch.setattr(web_runtime, "INTEGRITY", "sha512-other")
    with pytest.raises(PortError, match="whose hash is sha512-"):
        fetch_runtime(registry="https://registry.invalid", destination=tmp_path / "web")
    assert not list(tmp_path.glob("*web*/*.wasm"))
    assert not (tmp_path / "web").exists()


def test_the_registry_is_the_one_that_npm_is_configured_for(tmp_path, asked, monkeypatch):
    monkeypatch.setattr(web_runtime.shutil, "which", lambda name: f"/bin/{name}")
    told = subprocess.CompletedProcess([], 0, "https://mirror.invalid/npm/\n", "")
    monkeypatch.setattr(web_runtime.subprocess, "run", lambda command, **options: told)
    fetch_runtime(destination=tmp_path / "web")
    assert asked[0].startswith("https://mirror.invalid/npm/onnxruntime-web/-/")


def test_without_npm_the_user_has_to_name_the_registry(tmp_path, monkeypatch):
    monkeypatch.setattr(web_runtime.shutil, "which", lambda name: None)
    with pytest.raises(PortError, match="npm is not installed, so no registry is known"):
        fetch_runtime(destination=tmp_path / "web")
    with pytest.raises(PortError, match="is not the address of a registry"):
        fetch_runtime(registry="/etc/passwd", destination=tmp_path / "web")


def test_a_registry_that_cannot_be_reached_is_said(tmp_path, monkeypatch):
    def refuse(url, timeout):
        raise OSError("no route to host")

    monkeypatch.setattr(web_runtime.urllib.request, "urlopen", refuse)
    with pytest.raises(PortError, match="no route to host; check the network"):
        fetch_runtime(registry="https://registry.invalid", destination=tmp_path / "web")
