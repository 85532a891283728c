import pytest

from tingshuo.text.punctuate_ends import end_mark


@pytest.mark.parametrize(
    "sentence",
    "你好吗 你呢 那你呢 你叫什么名字 谁在那里 洗手间在哪里 你去不去 你有没有时间 现在几点了 今天星期几 多少钱 "
    "你为什么哭 我们怎么办 这样对不对 难道你忘记带了吗 请问怎么走 "
    "你要茶还是咖啡 你多大了 他什么时候来 你的意见如何 要不要一起去 是吧".split(),
)
def test_questions(sentence: str) -> None:
    assert end_mark(sentence) == "？"


@pytest.mark.parametrize(
    "sentence",
    "我不知道他是谁 什么都可以 我谁都不认识 没什么 他正在吃饭呢 我还没睡呢 无论怎样我都去 我忘了带什么 "
    "我去过好几次 那么就这样 我告诉他怎么走 我们走吧 "
    "他去了北京 哪怕下雨也去 这是为什么我来了 多么 他来了没 我这么做 那这个东西就是这么".split(),
)
def test_statements(sentence: str) -> None:
    assert end_mark(sentence) == "。"


@pytest.mark.parametrize("sentence", "太好了 今天太热了 多美啊 生日快乐 加油 救命 真漂亮啊".split())
def test_exclamations(sentence: str) -> None:
    assert end_mark(sentence) == "！"


def test_nothing_is_a_statement() -> None:
    assert end_mark("") == "。"
