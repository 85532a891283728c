import json

import pytest

from tingshuo.errors import PortError
from tingshuo.port.importers.hifigan_files import find_generator, find_settings, name_of

CONFIG = json.dumps({"upsample_rates": [8, 8]})


def lay(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(CONFIG if name.endswith(".json") else "", "utf-8")
    return folder


def test_the_highest_number_counts_and_training_files_do_not(tmp_path):
    folder = lay(tmp_path / "UNIVERSAL_V1", "g_00005000", "g_02500000", "do_02500000", "config.json", "README.md", "LICENSE")
    found = find_generator(folder)
    assert found.name == "g_02500000"
    assert find_settings(found) == folder / "config.json"
    assert name_of(found) == "UNIVERSAL_V1"


@pytest.mark.parametrize(("file", "name"), [("generator_v1", "generator_v1"), ("mine.pth", "mine"), ("model.safetensors", "LJ"),
                                            ("generator.pt", "LJ")])  # fmt: skip
def test_a_file_may_be_called_anything(tmp_path, file, name):
    folder = lay(tmp_path / "LJ", file, "config_v1.json")
    for path in (folder, folder / file):
        found = find_generator(path)
        assert (found.name, find_settings(found).name, name_of(found)) == (file, "config_v1.json", name)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("do_1", "config.json"), r"has do_1 alone, which only training needs; the g_… file is wanted"),
        (("a.pth", "b.pth", "config.json"), r"several files that may be a vocoder: a\.pth, b\.pth; give one"),
        (("config.json",), r"has no generator \(g_ and a number"),
        (("g_1",), r"config\.json: is missing, and g_1 does not say its sizes"),
        (("g_1", "a.json", "b.json"), r"has a\.json, b\.json; call the one that g_1 was trained with config\.json"),
    ],
)
def test_what_is_missing_is_said(tmp_path, files, message):
    with pytest.raises(PortError, match=message):
        find_settings(find_generator(lay(tmp_path / "x", *files)))


def test_a_path_that_is_not_there_is_said(tmp_path):
    with pytest.raises(PortError, match="there is no such file or folder"):
        find_generator(tmp_path / "nothing")


def test_other_json_files_are_no_settings(tmp_path):
    folder = lay(tmp_path, "g_1", "config_v3.json")
    (folder / "notes.json").write_text('{"a": 1}', "utf-8")
    (folder / "list.json").write_text("[1]", "utf-8")
    assert find_settings(find_generator(folder)).name == "config_v3.json"
