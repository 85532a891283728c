"""``tingshuo probe``: what a file is, in lines and as JSON."""

import json
from pathlib import Path

VOICE = Path(__file__).parents[3] / "src/tingshuo/voices/default"


def test_a_graph_and_a_hostile_file(tingshuo, tmp_path):
    (tmp_path / "model.pth").write_bytes(b"cos\nsystem\n(S'x'\ntR.")
    done = tingshuo("probe", str(tmp_path), str(VOICE / "graphs/onnx/fp32/vocoder.onnx"))
    assert (done.code, done.err) == (0, "")
    assert f"{tmp_path}/model.pth: a file that would run code" in done.text
    assert "vocoder.onnx: a graph" in done.text
    (found,) = json.loads(tingshuo("probe", str(tmp_path / "model.pth"), "--json").out)["findings"]
    assert (found["format"], found["usable"]) == ("pickle", False)
    assert "os.system" in found["what_next"]


def test_what_is_missing_is_one_line(tingshuo, tmp_path):
    done = tingshuo("probe", str(tmp_path / "none"))
    assert done.code == 11
    assert done.err.strip() == f"Error: {tmp_path}/none: there is no such file or folder"
