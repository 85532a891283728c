import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tingshuo.text.split import BUDGET, FIRST_BUDGET, split


def cut(text: str, **options: int) -> list[str]:
    return [text[start:end] for start, end in split(text, **options)]


def whole(text: str) -> list[str]:
    return cut(text, first_budget=0)


@pytest.mark.parametrize(
    "pieces",
    [
        ["今天天气真好。", "我们出去玩吧！", "你说呢？"],
        ["第一点；", "第二点；", "完了。"],
        ["真的吗？！", "真的！！！"],
        ["　　“你来了？”", "老人抬起头，看着门口。"],
        ["“走吧！”她说，“再不走就来不及了！”", "他没动。"],
        ["他问：“真的吗？！”我答道：“真的。”", "就这样。"],
        ["“好。”", "“不好。”"],
        ["他说：“你好。", "我走了。”", "然后就走了。"],
        ["电脑（屏幕还亮着。他懒得关）就走了。", "嗯。"],
        ["（见第3章。）", "然后呢？"],
        ["他……他走了。", "好。"],
        ["“下雨了……”", "他把伞收起来。"],
        ["“下雨了……”他说。", "“嗯。”"],
        ["等等...再说吧。", "好。"],
        ["圆周率是3.14，黄金分割是0.618。", "对。"],
        ["涨到$1,234,567.89了。", "8:30开会。"],
        ["见https://example.com/a.html?x=1&y=2。", "好。"],
        ["写信到abc.d@example.com.cn。", "好。"],
        ["Mr. Smith lives in Washington, D.C. with e.g. a dog. ", "He is 5. ", "OK? ", "Yes."],
        ["1. 第一点。", "2. 第二点。"],
        ["你好.", "世界."],
        ["Python 3.11.2 发布了！", "v2.0."],
        ['他说:"Hello world." ', "然后离开。"],
        ["没有句号"],
        ["。。。"],
    ],
)
def test_cuts_are_where_a_sentence_ends(pieces: list[str]) -> None:
    assert whole("".join(pieces)) == pieces


@given(st.text("我们，。！？“”（）…、.3a /:; \n(\"'" + "好", max_size=200), st.integers(1, 60), st.integers(0, 60))
@settings(deadline=None)
def test_pieces_put_together_are_the_text(text: str, budget: int, first_budget: int) -> None:
    pieces = cut(text, budget=budget, first_budget=first_budget)
    assert "".join(pieces) == text
    assert all(pieces)


@given(st.text("我们的时候，。、“”", max_size=400), st.integers(5, 60))
@settings(deadline=None)
def test_no_piece_has_more_hanzi_than_the_budget(text: str, budget: int) -> None:
    assert all(sum(char not in "，。、“”" for char in piece) <= budget for piece in cut(text, budget=budget))


def test_a_long_sentence_is_cut_at_commas_into_near_equal_parts() -> None:
    parts = [
        "天还没有亮他就出了门沿着河边的小路往东走，",
        "走了大约半个时辰才看见那座破旧的石桥，",
        "桥上坐着一个钓鱼的老人，身边放着一个空空的竹篓。",
    ]
    assert whole("".join(parts)) == ["".join(parts[:2]), parts[2]] or whole("".join(parts)) == [parts[0], "".join(parts[1:])]


def test_without_comma_it_is_cut_at_a_list_mark_else_between_words() -> None:
    trees = "、".join(f"{name}树" for name in "松柏杨柳槐榆桦枫桐樟桂梨桃李杏梅柿枣栗橡杉榕椿楠")
    assert all(piece.endswith("、") for piece in whole(trees)[:-1])
    assert len(whole(trees)) == 2
    long = "这是一个非常非常长的没有任何标点符号的句子它描述了一个人在漫长的旅途当中看到的各种各样的风景以及他心里面所想到的事情"
    first, second = whole(long)
    assert first.endswith(("的", "了")) or second.startswith(("在", "以"))
    assert abs(len(first) - len(second)) < 12


def test_an_address_longer_than_the_budget_is_cut_all_the_same() -> None:
    pieces = whole("见https://example.com/" + "a1b2c3/" * 200)
    assert len(pieces) > 5
    assert all(len(piece) <= 220 for piece in pieces)


def test_the_first_sentence_is_cut_at_its_first_comma_after_six_characters() -> None:
    text = "他说，今天的天气真不错啊，我们一起到公园里去散散步吧。好的，没有问题，我们现在就出发吧，好不好？"
    assert cut(text) == [
        "他说，今天的天气真不错啊，",
        "我们一起到公园里去散散步吧。",
        "好的，没有问题，我们现在就出发吧，好不好？",
    ]
    assert cut("今天天气真好，走吧。") == ["今天天气真好，走吧。"]
    assert cut("松树、柏树、杨树、柳树、槐树、榆树都在山上。")[0] == "松树、柏树、杨树、柳树、槐树、榆树都在山上。"
    assert cut("今天的天气真不错我们去公园散步，好。") == ["今天的天气真不错我们去公园散步，好。"]


def test_kept_ranges_are_not_cut() -> None:
    text = "电话是零幺零，幺二三四，五六七八，转八零二。再见，朋友们，明天见。"
    start, end = text.index("零幺零"), text.index("再见")
    pieces = [text[a:b] for a, b in split(text, first_budget=FIRST_BUDGET, kept=[(start, end - 1)])]
    assert pieces[0] == "电话是零幺零，幺二三四，五六七八，转八零二。"


@pytest.mark.parametrize(
    "unit", ["(", "。", "a", "一", "1,", "　", "a.", "“好”", "http://a", "@", "a@", "(“", '"', ".", "-", "[ma1"]
)
def test_no_text_is_too_much(unit: str) -> None:
    text = unit * (30_000 // len(unit))
    pieces = cut(text)
    assert "".join(pieces) == text
    assert max(map(len, pieces)) <= 10_000


def test_budgets_suit_each_other() -> None:
    assert 6 < FIRST_BUDGET < BUDGET
