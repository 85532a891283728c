"""How tones change in speech: 一 and 不, neutral tones, third tones, and erhua.

Sources of the rules: Chao Yuen Ren, *A Grammar of Spoken Chinese* (1968), ch. 1.3; the pinyin orthography GB/T 16159-2012; for
third tones across words, Shih Chilin, *The Prosodic Domain of Tone Sandhi in Chinese* (1986): feet of two syllables are built
from the word structure, the rule applies inside each foot, then between feet.

All functions work on the words of one phrase (between two pauses) and change their syllables in place.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from tingshuo.text.lexicon import Lexicon
from tingshuo.types import Syllable

_DIGITS = frozenset("零〇一二两三四五六七八九十百千万亿幺")
_ORDINAL_AFTER = ("月", "号", "楼", "年级", "等", "审", "中", "环", "号线", "班", "甲", "把手", "级")
_NOT_ORDINAL_AFTER = ("等到", "中午", "号称", "级台阶", "级一级", "级石阶", "级楼梯")
_LOOSE_ONE = frozenset(
    "每一 某一 这一 那一 哪一 另一 同一 任一 有一 前一 后一 上一 下一 头一 近一 不一 说一 看一 想一 来一 再一".split()
)
_DIRECTIONS = frozenset("起来 出来 出去 进来 进去 上来 上去 下来 下去 过来 过去 回来 回去".split())
_PASSING = frozenset("年 节 马路 桥 河 街 江 关 生日 日子 春节 中秋 中秋节 海关 周末 冬 夏 夜".split())
_RISING = ("小姐", "哪里")
"""Words whose last syllable was a third tone before it became neutral, and still makes the one before it rise."""
_MODALS = frozenset("要 会 能 可以 应该 必须 不 没 敢 肯 难".split())
_BEFORE_FULL_ER = frozenset("有无我吾其生携养抱为子妻幼婴女男孤健胎少小宠患弃产乞侄孙孩育")
_FULL_ER = frozenset(
    "混血儿 新生儿 早产儿 低能儿 畸形儿 幸运儿 弄潮儿 流浪儿 脑瘫儿 "
    "连体儿 宁馨儿 私生儿 巨婴儿 足月儿 双胞胎儿 莫卧儿 帖木儿".split()
)
_LEANS_RIGHT = frozenset("很也不太最更挺总只还都再就才好可")


@dataclass(slots=True)
class Draft:
    """A word while its pronunciation is being worked out: parallel lists over its syllables.

    ``chars`` what each syllable stands for, ``bodies`` pinyin without tone, ``tones`` 1-5, ``locked`` what may not change.
    ``foreign`` words keep their tones and only lend them to their neighbours. ``english`` are the finished syllables of a word
    that is said in English; the lists then only mirror them.
    """

    text: str
    tag: str
    chars: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    tones: list[int] = field(default_factory=list)
    locked: list[bool] = field(default_factory=list)
    foreign: bool = False
    english: tuple[Syllable, ...] = ()

    @classmethod
    def of_english(cls, text: str, syllables: Iterable[Syllable]) -> "Draft":
        """Make the draft of a word that is said in English."""
        word = cls(text, "x", foreign=True, english=tuple(syllables))
        for syllable in word.english:
            word.chars.append(syllable.hanzi)
            word.bodies.append(syllable.pinyin)
            word.tones.append(syllable.tone)
            word.locked.append(True)
        return word

    def append(self, char: str, pinyin: str, locked: bool = False) -> None:
        """Add a syllable."""
        self.chars.append(char)
        self.bodies.append(pinyin[:-1])
        self.tones.append(int(pinyin[-1]))
        self.locked.append(locked)

    def set_tone(self, i: int, tone: int) -> None:
        """Change a tone unless it is locked."""
        if not self.locked[i]:
            self.tones[i] = tone


def apply_sandhi(words: list[Draft], lexicon: Lexicon) -> None:
    """Turn citation tones into spoken ones, and merge erhua into the syllable before it."""
    _neutralise(words)
    _change_yi_and_bu(words)
    _merge_erhua(words)
    _change_third_tones(words, lexicon)


# --- neutral tones


def _neutralise(words: list[Draft]) -> None:
    for i, word in enumerate(words):
        if word.foreign:
            continue
        before = words[i - 1] if i else None
        if word.text.endswith(_RISING) and len(word.chars) >= 2 and word.tones[-2:] == [3, 5]:
            word.set_tone(len(word.chars) - 2, 2)
        if 2 <= len(word.chars) <= 3 and word.chars[0] == word.chars[1] and word.tag == "v" and word.text not in _EVERY:
            _reduplicate(word, 0, word, 1)
        elif before is None or before.foreign:
            continue
        elif len(word.chars) == 1 and word.text == before.text and word.tag == "v":
            _reduplicate(before, 0, word, 0)
        elif word.text == "过" and before.tag == "v" and before.text not in _MODALS:
            if i + 1 == len(words) or words[i + 1].text not in _PASSING:
                word.set_tone(0, 5)
        elif word.text in _DIRECTIONS and before.tag == "v" and before.text not in _MODALS:
            word.set_tone(1, 5)


_EVERY = frozenset("处处 时时 事事".split())
"""Doubled nouns that mean every one of them: not verbs, whatever the dictionary says, and both syllables are full."""


def _reduplicate(first: Draft, i: int, second: Draft, k: int) -> None:
    """看看 kan4 kan5; a third tone rises first as if the second were still one: 想想 xiang2 xiang5."""
    if first.tones[i] == 3 and not first.locked[i]:
        first.tones[i] = 2
    second.set_tone(k, 5)


# --- 一 and 不


@dataclass(slots=True)
class _Place:
    """A syllable in its phrase."""

    word: Draft
    i: int

    @property
    def char(self) -> str:
        return self.word.chars[self.i]

    @property
    def pinyin(self) -> str:
        return f"{self.word.bodies[self.i]}{self.word.tones[self.i]}"

    @property
    def tone(self) -> int:
        return self.word.tones[self.i]


def _change_yi_and_bu(words: list[Draft]) -> None:
    places = [_Place(word, i) for word in words for i in range(len(word.chars))]
    text = "".join(p.char if len(p.char) == 1 else "\0" for p in places)
    for k, place in enumerate(places):
        if place.word.locked[place.i] or place.word.foreign:
            continue
        if place.char == "一" and place.pinyin == "yi1":
            place.word.set_tone(place.i, _tone_of_yi(text, k, places))
        elif place.char == "不" and place.pinyin == "bu4":
            place.word.set_tone(place.i, _tone_of_bu(text, k, places))


def _tone_of_yi(text: str, k: int, places: list[_Place]) -> int:
    before, after, place = text[k - 1 : k] if k else "", text[k + 1 : k + 2], places[k]
    if before and before == after and before not in _DIGITS and text[max(k - 2, 0) : k - 1] not in _DIGITS:
        return 5  # 看一看, but 一个一个
    if not after or _is_number_one(text, k, places):
        return 1
    ends_word = place.i == len(place.word.chars) - 1 and place.i > 0
    if ends_word and place.word.text not in _LOOSE_ONE and place.word.tag != "m":
        return 1  # 统一, 唯一, 万一
    return 2 if _falls(places[k + 1]) else 4


def _is_number_one(text: str, k: int, places: list[_Place]) -> bool:
    """Say whether a 一 is a numeral that is read off: 第一, 十一, 一月, 一二三, 二零一一."""
    before, after = text[k - 1 : k] if k else "", text[k + 1 : k + 2]
    rest = text[k + 1 :]
    if before and (before in "第初十零〇幺" or text[max(k - 2, 0) : k].endswith(("星期", "周", "礼拜"))):
        return True
    if after and after in "零〇一二两三四五六七八九幺点" and not rest.startswith(("两", "点儿")):
        return after != "点" or rest[1:2] in _DIGITS
    if before and before in "一二三四五六七八九" and (places[k].i or _DIGITS.issuperset(places[k - 1].word.text)):
        return True  # digits one by one
    if before == "点" and k > 1 and text[k - 2] in _DIGITS:
        return not rest.startswith("刻")
    if after == "十" and before and before in "百千万":
        return True
    if after == "日":
        return before == "月"
    return rest.startswith(_ORDINAL_AFTER) and not rest.startswith(_NOT_ORDINAL_AFTER)


def _falls(place: _Place) -> bool:
    return place.tone == 4 or (place.tone == 5 and place.char in "个")


def _tone_of_bu(text: str, k: int, places: list[_Place]) -> int:
    before, after, place = text[k - 1 : k] if k else "", text[k + 1 : k + 2], places[k]
    if before and before == after:
        return 5  # 看不看
    if place.word.text[1:2] == "不" and len(place.word.chars) == 3 and place.i == 1 and before not in _DIGITS:
        return 5  # 差不多
    return 2 if after and places[k + 1].tone == 4 else 4


# --- erhua


def _merge_erhua(words: list[Draft]) -> None:
    """Join every 儿 that only colours the syllable before it to that syllable; a word that was nothing but 儿 disappears."""
    for w in range(len(words) - 1, -1, -1):
        word = words[w]
        if word.foreign:
            continue
        for i in range(len(word.chars) - 1, -1, -1):
            if word.chars[i] != "儿" or word.locked[i]:
                continue
            if i and (word.bodies[i] == "r" or (i == len(word.chars) - 1 and _is_coloured(word))):
                _join(word, i - 1, word, i)
            elif i == 0 and len(word.chars) == 1 and w and _may_be_coloured(words[w - 1]):
                host = words[w - 1]
                host.text += word.text
                _join(host, len(host.chars) - 1, word, 0)
        if not word.chars:
            del words[w]


def _is_coloured(word: Draft) -> bool:
    """Say whether the 儿 at the end of a word colours: 花儿 yes, 女儿 no."""
    if word.text in _FULL_ER or word.tag in "NSTZ":
        return False
    return word.text[-2] not in _BEFORE_FULL_ER or word.text in ("为儿", "小孩儿", "女孩儿", "男孩儿")


def _may_be_coloured(host: Draft) -> bool:
    return (
        bool(host.chars)
        and not host.foreign
        and host.tag not in "NSTZ"
        and host.chars[-1] not in _BEFORE_FULL_ER
        and not host.locked[-1]
    )


def _join(host: Draft, i: int, word: Draft, k: int) -> None:
    if host.bodies[i] == "er" or host.bodies[i].endswith("r"):
        return
    host.bodies[i] += "r"
    host.chars[i] += word.chars[k]
    for row in (word.chars, word.bodies, word.tones, word.locked):
        del row[k]


# --- third tones

_Foot = list[tuple[Draft, int]]


def _change_third_tones(words: list[Draft], lexicon: Lexicon) -> None:
    feet = _feet(words, lexicon)
    for foot in feet:
        for (word, i), (after, k) in pairwise(foot):
            if word.tones[i] == 3 == after.tones[k]:
                word.set_tone(i, 2)
    for foot, following in zip(feet[-2::-1], feet[:0:-1], strict=True):
        (word, i), (after, k) = foot[-1], following[0]
        if word.tones[i] == 3 == after.tones[k]:
            word.set_tone(i, 2)


def _feet(words: list[Draft], lexicon: Lexicon) -> list[_Foot]:
    """Cut a phrase into feet of one or two syllables: inside words by their structure, single syllables in pairs."""
    feet: list[_Foot] = []
    single: list[Draft] = []
    for word in words:
        if len(word.chars) == 1 and not word.foreign:
            single.append(word)
            continue
        feet += _pairs(single)
        single = []
        feet += [[(word, i) for i in part] for part in _parts(word, lexicon)]
    return feet + _pairs(single)


def _pairs(single: list[Draft]) -> list[_Foot]:
    """Pair words of one syllable from the left; a word that leans to the right (我|很好) or a leading pronoun stays out."""
    feet: list[_Foot] = []
    i = 0
    while i < len(single):
        odd = (len(single) - i) % 2
        alone = i + 1 == len(single) or (odd and (single[i].tag == "r" or single[i + 1].text in _LEANS_RIGHT))
        feet.append([(word, 0) for word in single[i : i + (1 if alone else 2)]])
        i += 1 if alone else 2
    return feet


def _parts(word: Draft, lexicon: Lexicon) -> list[range]:
    n = len(word.chars)
    if n <= 2 or word.foreign:
        return [range(n)] if n else []
    if n == 3 and len(word.text) == 3:
        left, right = lexicon.word(word.text[:2]), lexicon.word(word.text[1:])
        if right is not None and (left is None or right.cost < left.cost):
            return [range(1), range(1, 3)]
    return [range(i, min(i + 2, n)) for i in range(0, n, 2)]
