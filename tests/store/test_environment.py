import platform
from pathlib import Path

from tingshuo.store.bundle import open_bundle
from tingshuo.store.environment import environment, requirements


def test_what_is_installed_is_recorded_and_what_is_not_is_left_out() -> None:
    found = environment(["numpy", "no-such-library"])
    assert list(found) == ["python", "system", "processor", "numpy"]
    assert found["python"] == platform.python_version()
    assert found["system"].startswith(platform.system())
    assert found["processor"].startswith(platform.machine())


def test_every_bundle_tells_its_environment_as_requirements(tiny: Path) -> None:
    manifest = open_bundle(tiny).manifest.replace(created_with={"torch": "2.13.0", "python": "3.11.7", "numpy": "2.4.6"})
    assert requirements(manifest) == "# tiny 1.0.0 was made with\n# python: 3.11.7\nnumpy==2.4.6\ntorch==2.13.0\n"
    recorded = open_bundle(tiny).manifest.created_with
    assert set(environment()) == set(recorded)
