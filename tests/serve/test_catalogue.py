"""What a server may speak with; more of it is in the tests of the server's start."""

from tingshuo.serve.catalogue import read_catalogue
from tingshuo.serve.voices import is_same
from tingshuo.tasks.voices import find_voice


def test_the_default_voice_goes_by_its_name_and_by_default(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGSHUO_HOME", str(tmp_path))
    catalogue = read_catalogue(str(find_voice("default")))
    assert list(catalogue) == ["default"]
    assert is_same(catalogue["default"], read_catalogue(paranoid=True)["default"])
