"""Checkpoints and what lies beside them."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("yaml")

from tingshuo.errors import PortError
from tingshuo.port.importers.wenet_files import find_model, read_cmvn, read_settings, read_units

pytestmark = pytest.mark.train
SUMS, SQUARES, FRAMES = [100.0, -20.0, 0.0], [1200.0, 40.0, 1e-30], 10


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("present", "chosen", "others"),
    [
        (("final.pt",), "final.pt", None),
        (("final.pt", "avg_30.pt", "epoch_9.pt"), "avg_30.pt", "avg_30.pt was taken; there is final.pt and epoch_9.pt too"),
        (("avg5.pt", "avg_30.pt"), "avg_30.pt", None),
        (("final.pt", "final.zip", "init.pt"), "final.pt", None),
        (("9.pt", "10.pt", "init.pt"), "10.pt", None),
        (("epoch_9.pt", "epoch_12.pt"), "epoch_12.pt", None),
        (("step_80000.pt", "step_9.pt"), "step_80000.pt", None),
    ],
)
def test_a_mean_comes_before_the_last_and_the_last_before_others(
    present: tuple[str, ...], chosen: str, others: str | None, tmp_path: Path
) -> None:
    files = find_model(touch(tmp_path, "train.yaml", *present))
    assert files.checkpoint == tmp_path / chosen
    assert files.settings == tmp_path / "train.yaml"
    assert files.notes == ((others,) if others else ())


def test_a_link_to_nothing_is_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "train.yaml", "epoch_3.pt")
    (tmp_path / "final.pt").symlink_to("3.pt")
    assert find_model(tmp_path).checkpoint.name == "epoch_3.pt"


def test_settings_lie_beside_above_or_have_the_name_of_the_checkpoint(tmp_path: Path) -> None:
    touch(tmp_path, "a/train.yaml", "a/exp/final.pt", "b/7.pt", "b/7.yaml", "c/final.pt")
    assert find_model(tmp_path / "a/exp/final.pt").settings == tmp_path / "a/train.yaml"
    assert find_model(tmp_path / "b").settings == tmp_path / "b/7.yaml"
    with pytest.raises(PortError, match=r"final\.pt: has no train\.yaml beside it"):
        find_model(tmp_path / "c")
    files = find_model(touch(tmp_path, "a/units.txt", "a/exp/words.txt") / "a/exp/final.pt")
    assert files.beside("units.txt", "words.txt") == tmp_path / "a/units.txt"
    assert files.beside("lang_char.txt") is None


@pytest.mark.parametrize(
    ("present", "message"),
    [
        (("final.zip", "units.txt"), r"final\.zip: is TorchScript, an export for a runtime; give the final\.pt"),
        (("encoder.onnx", "ctc.onnx"), r"ctc\.onnx: is an ONNX graph, an export for a runtime"),
        (("init.pt",), r"init\.pt: is the net before training"),
        (("final.txt",), r"has no checkpoint of WeNet \(final\.pt, avg_30\.pt, epoch_9\.pt\)"),
    ],
)
def test_folders_that_are_no_use_say_why(present: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(PortError, match=message):
        find_model(touch(tmp_path, "train.yaml", *present))
    if present[0].endswith((".zip", ".onnx")):
        with pytest.raises(PortError, match="an export for a runtime"):
            find_model(tmp_path / present[0])


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="nowhere: is not there"):
        find_model(tmp_path / "nowhere")


def test_units_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "units.txt"
    path.write_text("<blank> 0\n一 2\n▁THE\t1\n\n\u3000 3\n".replace("\u3000", "a b"), "utf-8")
    assert read_units(path) == ("<blank>", "▁THE", "一", "a b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<blank> 0\n一\n", "line 2 is '一', and should be a unit and its number"),
        ("<blank> 0\n一 1\n二 1\n", "the number 1 is there twice, of '一' and '二'"),
        ("<blank> 0\n一 2\n", "no unit has the number 1, so the list is not whole"),
        ("", "no unit has the number 0"),
    ],
)
def test_lists_of_units_that_are_wrong(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "units.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(PortError, match=message):
        read_units(path)


def test_sums_become_means_and_inverse_deviations_in_either_form(tmp_path: Path) -> None:
    path = tmp_path / "global_cmvn"
    path.write_text(json.dumps({"mean_stat": SUMS, "var_stat": SQUARES, "frame_num": FRAMES}))
    of_json = read_cmvn(path)
    rows = [" ".join(map(str, row)) for row in ((*SUMS, FRAMES), (*SQUARES, 0))]
    path.write_text(f" [\n  {rows[0]}\n  {rows[1]} ]\n")
    assert read_cmvn(path) == of_json
    np.testing.assert_allclose(of_json.mean, [10, -2, 0])
    np.testing.assert_allclose(of_json.inverse_deviation, [20**-0.5, 1e10, 1e10])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0BFM \x04", "only text is"),
        (b"\xff\xfe", "it is no text"),
        (b'{"mean_stat": [1], "frame_num": 2}', "neither WeNet's JSON nor Kaldi's text: 'var_stat'"),
        (b'{"mean_stat": [1], "var_stat": [1, 2], "frame_num": 2}', "1 sums, 2 squares, 2 frames"),
        (b"[ 1 2\n3 4 5 ]", "there are not two rows"),
        (b"[ ]", "there are not two rows"),
        (b"[ nan 2\n3 0 ]", "a sum is not finite"),
        (b"[ 1 2\n3 x ]", "could not convert string to float: 'x'"),
        (b"1 2\n3 4", "there are not two rows"),
        (b"[ 1 0\n3 0 ]", "1 sums, 1 squares, 0 frames"),
    ],
)
def test_sums_that_are_none(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "global_cmvn"
    path.write_bytes(content)
    with pytest.raises(PortError, match=message):
        read_cmvn(path)
    with pytest.raises(PortError, match="nothing: cannot be read as sums of features"):
        read_cmvn(tmp_path / "nothing")


def test_settings_are_plain_data(tmp_path: Path) -> None:
    path = tmp_path / "9.yaml"
    path.write_text(
        "encoder: conformer\nloss: !!python/object/apply:os.system ['touch gone']\nlrs: [!!python/name:os.getcwd '', 1]\n"
    )
    assert read_settings(path) == {"encoder": "conformer", "loss": None, "lrs": [None, 1]}
    for text, message in (("a: [", "cannot be read as YAML"), ("- 1", "does not hold settings"), ("a: !strange 1", "YAML")):
        path.write_text(text)
        with pytest.raises(PortError, match=message):
            read_settings(path)
