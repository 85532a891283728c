"""The files of a voice are found from any place in its folders."""

from pathlib import Path

import pytest

from tingshuo.errors import PortError
from tingshuo.port.importers.emotivoice_files import find_prompt, find_voice, read_names

JOINT = "outputs/prompt_tts_open_source_joint/ckpt"


def lay(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a\nb\n", "utf-8")
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with published voices and one that was trained further, four folders below the root."""
    text = "data/youdao/text"
    return lay(
        tmp_path / "w/x/y/EmotiVoice",
        *(f"{JOINT}/{name}" for name in ("g_00090000", "g_00140000", "do_00140000")),
        *(f"{text}/{name}" for name in ("tokenlist", "speaker2", "emotion")),
        *(f"exp/DataBaker/info/{name}" for name in ("tokenlist", "speaker")),
        *(f"exp/DataBaker/ckpt/{name}" for name in ("g_00010000", "g_00002000", "pretrained_generator")),
        "config/joint/config.yaml",
        "exp/DataBaker/config/config.py",
        "LICENSE",
    )


@pytest.mark.parametrize("given", [".", "outputs", "outputs/prompt_tts_open_source_joint", JOINT, f"{JOINT}/g_00140000"])
def test_the_published_voices(project: Path, given: str) -> None:
    files = find_voice(project / given)
    assert files.checkpoint.name == "g_00140000"
    found = (files.tokens, files.speakers, files.emotions, files.config)
    assert [path.relative_to(project).as_posix() for path in found if path] == [
        "data/youdao/text/tokenlist", "data/youdao/text/speaker2", "data/youdao/text/emotion", "config/joint/config.yaml",
    ]  # fmt: skip
    assert files.licence == project / "LICENSE"
    assert files.notes == (("exp has voices too (DataBaker): give the folder of one to read it",) if given == "." else ())


def test_a_checkpoint_that_is_named_is_taken(project: Path) -> None:
    assert find_voice(project / JOINT / "g_00090000").checkpoint.name == "g_00090000"


@pytest.mark.parametrize("given", ["exp/DataBaker", "exp/DataBaker/ckpt", "exp/DataBaker/ckpt/g_00010000"])
def test_a_voice_that_was_trained_further_has_its_own_speakers(project: Path, given: str) -> None:
    files = find_voice(project / given)
    assert files.checkpoint.name == "g_00010000"
    assert files.speakers == project / "exp/DataBaker/info/speaker"
    assert (files.emotions, files.config) == (None, project / "config/joint/config.yaml")


def test_a_voice_out_of_its_project_needs_no_more_than_its_lists(tmp_path: Path) -> None:
    files = find_voice(lay(tmp_path / "voice", "g_00000007", "tokenlist", "speaker"))
    assert (files.checkpoint.name, files.config, files.licence) == ("g_00000007", None, None)


def test_one_voice_of_exp_is_chosen_and_of_several_none(tmp_path: Path) -> None:
    lay(tmp_path, "data/youdao/text/tokenlist", "data/youdao/text/speaker2", "exp/a/ckpt/g_00000001")
    assert find_voice(tmp_path).checkpoint == tmp_path / "exp/a/ckpt/g_00000001"
    lay(tmp_path, "exp/b/ckpt/g_00000002")
    with pytest.raises(PortError, match=r"has several voices; give one of .*exp/a, .*exp/b"):
        find_voice(tmp_path)


@pytest.mark.parametrize(
    ("present", "message"),
    [
        ((), "voice: is not there"),
        (("do_00140000",), "has no checkpoint of EmotiVoice"),
        (("ckpt/pretrained_generator",), "has only pretrained_generator, whose new speakers are noise"),
        (("g_00140000",), "no lists of tokens and speakers lie near it"),
        (("g_00140000", "tokenlist"), "no lists of tokens and speakers lie near it"),
    ],
)
def test_what_is_missing_is_named(present: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(PortError, match=message) as raised:
        find_voice(lay(tmp_path / "voice", *present))
    assert "\n" not in str(raised.value)


def test_the_prompt_encoder(project: Path) -> None:
    with pytest.raises(PortError, match="SimBERT is not near it"):
        find_prompt(project)
    lay(project, "WangZeJun/simbert-base-chinese/config.json")
    with pytest.raises(PortError, match="the style encoder is not near it"):
        find_prompt(project)
    lay(project, "outputs/style_encoder/ckpt/checkpoint_163431", "outputs/style_encoder/ckpt/checkpoint_9")
    for given in (".", "exp/DataBaker", f"{JOINT}/g_00140000", "outputs"):
        files = find_prompt(project / given)
        assert (files.words.name, files.weights.name) == ("simbert-base-chinese", "checkpoint_163431")


def test_lists_of_names(tmp_path: Path) -> None:
    path = tmp_path / "speaker2"
    path.write_text("8051\n 9017 \n", "utf-8")
    assert read_names(path) == ("8051", "9017")
    path.write_text("8051\n9017\n8051\n", "utf-8")
    with pytest.raises(PortError, match="has '8051' 2 times"):
        read_names(path)
    path.write_bytes(b"")
    with pytest.raises(PortError, match="is empty"):
        read_names(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(PortError, match="cannot be read as a list of names"):
        read_names(path)
