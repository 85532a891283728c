import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("yaml")

from tests.port.tiny_emotivoice import SPOKEN, prompt_tensors, write_project  # noqa: E402

from tingshuo.config.emotivoice import EmotiVoiceBundleConfig  # noqa: E402
from tingshuo.errors import PortError  # noqa: E402
from tingshuo.port.convert.emotivoice import draft  # noqa: E402
from tingshuo.types import EMOTIONS  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("in_process")]
Get = Callable[[str], Path]


def test_a_project_is_a_voice_of_many_speakers(foreign: Get) -> None:
    made = draft(foreign("emotivoice"))
    config = made.config
    assert isinstance(config, EmotiVoiceBundleConfig)
    assert (made.name, made.system, made.licence, made.source) == (
        "emotivoice", "emotivoice", "Apache-2.0", "the EmotiVoice checkpoint g_00000030",
    )  # fmt: skip
    assert [one.name for one in config.speakers] == ["8051", "9017", "12787"]
    assert (config.family, config.tokens, config.prompts, config.sample_rate) == (
        "emotivoice+hifigan", SPOKEN, ("普通", "开心"), 16000,
    )  # fmt: skip
    assert (config.pieces.longest, config.pieces.vocabulary[2]) == (20, "[CLS]")
    assert made.parts.keys() == {"acoustic", "vocoder", "prompt"}
    assert {key.partition(".")[0] for key in config.architecture} == {"emotivoice", "hifigan", "bert"}
    assert (made.emotions, made.languages) == (EMOTIONS, ("zh-CN", "en-US"))


def test_its_speakers_are_no_voices(foreign: Get) -> None:
    with pytest.raises(PortError, match="holds one voice of many speakers; import it, then choose with --speaker 8051"):
        draft(foreign("emotivoice"), "8051")


def test_without_its_language_model_it_cannot_be_prompted(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="SimBERT is not near it; put WangZeJun/simbert-base-chinese into the folder"):
        draft(write_project(tmp_path / "EmotiVoice", SPOKEN))


def test_a_voice_that_was_trained_further_has_its_folder_for_a_name(foreign: Get, tmp_path: Path) -> None:
    folder = shutil.copytree(foreign("emotivoice"), tmp_path / "EmotiVoice")
    assert draft(folder / "exp" / "old").name == "old"


def test_a_language_model_of_another_width_is_refused(foreign: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(foreign("emotivoice"), tmp_path / "EmotiVoice")
    monkeypatch.setattr("tests.port.tiny_emotivoice.PROMPT", 4)
    words = folder / "WangZeJun/simbert-base-chinese"
    described = (words / "config.json").read_text("utf-8").replace('"hidden_size": 6', '"hidden_size": 4')
    (words / "config.json").write_text(described, "utf-8")
    pieces = len((words / "vocab.txt").read_text("utf-8").splitlines())
    torch.save({"model": prompt_tensors(pieces)}, folder / "outputs/style_encoder/ckpt/checkpoint_163431")
    with pytest.raises(PortError, match="the prompt encoder makes 4 numbers, and the voice reads 6; they are of two voices"):
        draft(folder)
