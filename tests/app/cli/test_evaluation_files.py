"""Files of an evaluation."""

import json

import pytest

from tingshuo.app.cli.evaluation_files import FIGURES, PAGE, make_folder, read_evaluation, write_evaluation
from tingshuo.errors import OutputError, RequestError


def test_both_files_are_written_and_read_again(tmp_path):
    folder = make_folder(tmp_path / "a" / "b")
    write_evaluation(folder, json.dumps({"n": 1, "rows": []}), "<html>")
    assert (folder / PAGE).read_text("utf-8") == "<html>"
    assert read_evaluation(str(folder / FIGURES), {"n", "rows"}, "a voice") == {"n": 1, "rows": []}
    assert read_evaluation("anna", {"n"}, "a voice") is None
    assert make_folder(None) is None


@pytest.mark.parametrize("content", [b"{}", b"[]", b"no json", b"\xff\xfe"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(RequestError, match=r"other.json: is not an evaluation.json of this version and of a recogniser; make it"):
        read_evaluation(str(path), {"n"}, "a recogniser")


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="file/report: cannot be made: Not a directory"):
        make_folder(tmp_path / "file" / "report")
