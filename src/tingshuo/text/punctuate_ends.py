"""Whether a sentence without punctuation ends in 。 ？ or ！, told by its words.

Rules, because questions and exclamations are rare in what the punctuation net was taught with. A question is told by its last
word (吗, 好不好), by a question word (什么, 谁, 哪), or by a verb with its own negation (是不是), where nothing in it makes that
a part of a statement (知道, 无论, 没什么). An exclamation needs both of its ends (太好了, 多美啊) or a cry.
"""

import re

_LONGEST = 24
"""In a longer sentence a question word is more often a part of a statement."""
_TAGS = (
    "对吧|是吧|(?:对不对|是不是|好不好|行不行|可不可以|能不能|有没有|要不要)[呢啊呀]?|怎么样|怎么办|怎样|为什么|为何|干什么|干嘛|做什么|"
    "什么意思"
)
_WORDS = (
    "什么|谁|哪(?!怕|吒|知)|怎么|怎样|多少|多久|多大(?!的)|多远|多长(?!的)|多高(?!的)|几(?:点|号|岁|月|路|楼|个人|块钱)|[期周第]几|"
    "为何|何时|何处|何必|何不|(?:情况|意见|感觉|味道|效果|结果)如何$"
)
_CHOICE = "([一-鿿])[不没]\\1(?!由)|有没有|(?:是|要|想|喜欢|赞成|去).{1,8}还是.{1,8}$"
_STATED = (
    "知道|不管|无论|不论|告诉|明白|清楚|忘|想起|理解|解释|说明|记得|决定|取决|确定|讨论|研究|看看|看到|听听|发现|了解|学会|关于|懂|"
    "任何|没有?(?:什么|谁|多少|几)|不(?:怎么|是什么|算什么|知)|疑惑|比较|(?:就是|这是|那是)为什么|"
    "(?:什么|谁|哪[里儿个]?|怎么|怎样|多少|几).{0,4}(?:都|也|就)|好几|多多少少|"
    "什么的$|什么样的|指|称|(?<!请)问(?!题|候|好)|猜|描述|介绍|依据|根据|影响|在乎|关心|不管"
)
_NARRATED = "(?:正|在|还|着|才|可|早|都|会).*呢$|[着了多]呢$"
_CRIES = "加油|救命|小心|当心|住手|快跑|万岁|恭喜恭喜|生日快乐|新年快乐|节日快乐|一路平安"
_QUESTION = re.compile(f"(?:{_TAGS})$|^(?:请问|难道|莫非)")
_ASKING = re.compile(f"{_WORDS}|{_CHOICE}")
_STATEMENT = re.compile(_STATED)
_CRY = re.compile(f"^.{{0,4}}太[^不].{{0,3}}了$|(?:多么|真是?|好|多)[^的]{{1,5}}[啊呀哇]$|^(?:{_CRIES})[啊呀吧]?$")


def end_mark(sentence: str) -> str:
    """Return the mark of the end of a sentence.

    Parameters
    ----------
    sentence : str
        From the end of the sentence before; marks inside it are missing.

    Returns
    -------
    str
        ``。``, ``？`` or ``！``.
    """
    if re.search("(?<![什那这怎多要])[吗么]$", sentence):
        return "？"
    if sentence.endswith("呢") and not re.search(_NARRATED, sentence):
        return "？"
    if not _STATEMENT.search(sentence) and (
        _QUESTION.search(sentence) or (len(sentence) <= _LONGEST and _ASKING.search(sentence))
    ):
        return "？"
    return "！" if _CRY.search(sentence) else "。"
