from tingshuo.text.runs import PLACEHOLDER, Block, Run, blocks, is_hanzi
from tingshuo.types import Prosody

FAST = Prosody(rate=1.5)


def test_a_block_is_read_as_spoken_and_gives_back_what_was_written() -> None:
    (block,) = blocks([Run("我在"), Run("WHO", spoken="世卫组织"), Run("工作", FAST)])
    assert block.text == "我在世卫组织工作"
    assert block.source(0, len(block.text)) == "我在WHO工作"
    assert block.source(0, 2) == "我在"
    assert block.source(2, 4) == "WHO"
    assert block.source(4, 8) == "工作"
    assert [span.prosody for span in block.overlapping(5, 7)] == [Prosody(), FAST]


def test_pinyin_of_each_hanzi_is_fixed_in_place_and_of_a_whole_word_held_apart() -> None:
    (block,) = blocks([Run("去"), Run("重庆", pinyin=("chong2", "qing4")), Run("花儿", pinyin=("huar1",))])
    assert block.fixed == {1: "chong2", 2: "qing4"}
    assert block.text == "去重庆" + PLACEHOLDER
    assert block.given == [(3, 4, "花儿", ("huar1",))]
    assert block.fixed_within(2, 4) == [(2, "qing4")]


def test_arpabet_is_always_of_the_whole_text() -> None:
    (block,) = blocks([Run("谷歌", pinyin=("G UW1", "G AH0 L"))])
    assert block.fixed == {}
    assert block.given == [(0, 2, "谷歌", ("G UW1", "G AH0 L"))]


def test_pauses_between_borders_belong_to_what_was_said_before_and_the_stronger_border_holds() -> None:
    runs = [
        Run(break_ms=5),
        Run("一"),
        Run(border="sentence"),
        Run(" "),
        Run(border="paragraph"),
        Run(break_ms=9),
        Run(border="line"),
        Run("二"),
        Run(border="sentence"),
    ]
    first, second = blocks(runs)
    assert (first.text, first.breaks, first.border) == ("一", [(0, 5), (1, 9)], "paragraph")
    assert (second.text, second.breaks, second.border) == ("二", [], "sentence")


def test_nothing_gives_no_block() -> None:
    assert list(blocks([Run(" "), Run(border="line"), Run(break_ms=3)])) == []
    assert Block().source(0, 5) == ""


def test_hanzi() -> None:
    assert is_hanzi("重庆〇㐀𠀀")
    assert not is_hanzi("")
    assert not is_hanzi("重a")
    assert not is_hanzi("，")
