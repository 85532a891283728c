import pytest

from tingshuo.config import FrameConfig
from tingshuo.config.graph_voice import GraphVoiceConfig, InputsConfig, OutputsConfig, TextConfig
from tingshuo.errors import ConfigError


def config(**changes: object) -> GraphVoiceConfig:
    made = GraphVoiceConfig(
        family="graph_voice", frames=FrameConfig(22050, 256), inputs=InputsConfig(symbols="x", length="l"),
        outputs=OutputsConfig(wav="y"), text=TextConfig(kind="characters", tokens={"a": 0, "b": 3, "B": 3}),
    )  # fmt: skip
    return made.replace(**changes)


def test_it_is_what_it_is_written_as():
    made = config()
    assert GraphVoiceConfig.check(made.fields(), "config.json") == made
    assert made.sample_rate == 22050


def test_its_symbols_are_the_rows_of_its_table():
    assert config().symbols == ("a", "", "", "b")
    assert config(text=TextConfig(kind="piper")).symbols == ()


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [({"length": "l"}, True), ({"scales": "s"}, True), ({"scales": "s", "scales_order": ["noise"]}, False), ({}, False)],
)
def test_whether_it_can_be_told_how_fast(inputs: dict[str, object], expected: bool):
    assert InputsConfig.check({"symbols": "x", **inputs}, "config.json").has_length is expected


def test_a_part_that_there_is_not_is_refused():
    with pytest.raises(ConfigError, match=r"config\.json: inputs: .*`pitch`"):
        GraphVoiceConfig.check({**config().fields(), "inputs": {"symbols": "x", "pitch": "p"}}, "config.json")
    with pytest.raises(ConfigError, match=r"config\.json: inputs\.symbols"):
        GraphVoiceConfig.check({**config().fields(), "inputs": {"symbols": ""}}, "config.json")
