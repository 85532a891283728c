"""Surnames that are read differently from the same character elsewhere, and when a character is one.

Readings as in the *Contemporary Chinese Dictionary* (现代汉语词典, 7th edition, 2016).
"""

import re

from tingshuo.text.segment import Token

SURNAMES: dict[str, tuple[str, ...]] = {
    surname: tuple(pinyin.split("'"))
    for surname, pinyin in re.findall(
        r"(\S+) (\S+)",
        "单 shan4 曾 zeng1 解 xie4 仇 qiu2 任 ren2 华 hua4 查 zha1 朴 piao2 区 ou1 盖 ge3 翟 zhai2 燕 yan1 宁 ning2 葛 ge3 "
        "尉 wei4 员 yun4 缪 miao4 折 she2 秘 bi4 冼 xian3 召 shao4 逄 pang2 隗 wei3 "
        "牟 mou2 佴 nai4 覃 qin2 应 ying1 柏 bai3 卜 bu3 盛 sheng4 曲 qu1 "
        "莘 shen1 撒 sa4 乐 yue4 褚 chu3 澹 tan2 訾 zi1 晁 chao2 "
        "郗 xi1  "
        "尉迟 yu4'chi2 万俟 mo4'qi2 长孙 zhang3'sun1 令狐 ling2'hu2 澹台 tan2'tai2 鲜于 xian1'yu2 呼延 hu1'yan2 "
        "宇文 yu3'wen2 夏侯 xia4'hou2 诸葛 zhu1'ge3 皇甫 huang2'fu3 钟离 zhong1'li2 单于 chan2'yu2 申屠 shen1'tu2",
    )
}
"""Surname to reading, a syllable a character."""

TITLES = frozenset(
    (
        "先生 女士 小姐 太太 夫人 老师 教授 博士 医生 大夫 护士 律师 工程师 师傅 教练 同学 同志 总 "
        "总裁 总统 总理 经理 总经理 主任 主席 书记 部长 省长 市长 县长 区长 镇长 局长 处长 科长 司长 "
        "厅长 院长 校长 所长 行长 社长 队长 班长 组长 团长 连长 排长 店长 馆长 董事长 将军 司令 上校 "
        "中校 少校 上尉 警官 法官 检察官 记者 编辑 导演 老板 老板娘 公 某 某某 氏 叔叔 阿姨 大爷 大妈 "
        "大哥 大姐 大嫂 哥 姐 爷爷 奶奶 家村 家庄 家大院 工 董 局 处 院士 秘书 秘书长 会长 老 师兄 "
        "师姐 师弟 师妹 道长 大师 太守 将领 姑娘 公子 老爷"
    ).split()
)
"""Words that follow a surname."""

_BEFORE = frozenset(
    "姓 小 老 阿 叫 和 与 跟 同 对 给 向 由 被 让 请 找 问 是 的 说 把 了 在 为 以及 及 演员 歌手 作家 教授 医生 记者 "
    "主任 主席 书记 部长 省长 市长 局长 院长 校长 经理 总裁 董事长 导演 教练 选手 球员 运动员 队员 老师 同学 同志 先生 "
    "女士 主持人 球星 影星 诗人 画家 学者 专家 将领 大将 皇帝 太守 刺史 知县 武将 名将 总经理 队长 明星".split()
)
"""Words after which a surname with a given name is likely."""

GIVEN = frozenset(
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂红玲华梅鹏辉芬建国志文晓东玉海荣春燕云飞永生新宏俊峰林波斌宇浩凯健鑫帅雪倩婷欣怡佳琪"
    "琳颖慧洁莉萍莹颜雯思雨梦瑶子轩涵梓萱晨曦泽昊天翔博睿嘉诚家豪智渊皓轩振立业正非藩荃庆龙虎彪光亮清泉江河山石松柏柳青莲凤仙珍珠宝金银铜铁"
    "锋钢锐利民卫东向阳朝晖旭昌盛茂繁隆祥瑞吉福禄寿喜安宁康泰和顺达贤良德仁义礼信忠孝廉耻学武斗星辰月朗风雷霆震霖泓澄澈弼时寅印章士诚大少长仲"
    "伯叔季元亨贞乾坤道远方圆可心意如若冰洪滔薇蓉茜芝菲彤彬彦彪"
)
"""Characters that are common in given names."""


_RARE = 54
"""Cost (quarters of -ln(probability)) from which a character on its own is rare."""


def find_surnames(tokens: list[Token]) -> dict[int, str]:
    """Find surnames with a reading of their own in a run of words.

    A character counts as one when it stands after 姓, before a title (单老师, 小任), starts a person's name that the lexicon
    has, or is a word of its own before one or two characters that are common in given names, where a name may start.

    Returns
    -------
    dict
        Index of a character in the run to its pinyin.
    """
    found: dict[int, str] = {}
    for i, token in enumerate(tokens):
        for length in (2, 1):
            surname = token.text[:length]
            if surname in SURNAMES and len(surname) == length and _is_surname(tokens, i, length):
                found.update(zip(range(token.start, token.start + length), SURNAMES[surname], strict=True))
                break
    return found


def _is_surname(tokens: list[Token], i: int, length: int) -> bool:
    token = tokens[i]
    before = tokens[i - 1].text if i else ""
    after = tokens[i + 1].text if i + 1 < len(tokens) else ""
    rest = token.text[length:]
    if rest:  # 曾国藩, 任总, 单先生: the lexicon has it as one word
        return not token.entry.pinyin and (rest in TITLES or (token.entry.tag == "N" and len(rest) <= 2))
    if length == 2:
        return True
    if before[-1:] == "姓" or after in TITLES:
        return True
    if before in ("小", "老", "阿") and token.entry.tag != "v":
        return not (after and after[0] in "孩子学年时儿的")
    return (not before or before in _BEFORE) and _is_given_name(tokens, i + 1)


def _is_given_name(tokens: list[Token], i: int) -> bool:
    """Say whether one or two characters from word ``i`` on look like a given name."""
    if i >= len(tokens):
        return False
    first = tokens[i]
    second = tokens[i + 1] if i + 1 < len(tokens) else None
    if len(first.text) == 2:
        return first.entry.tag == "N" and all(c in GIVEN for c in first.text)
    if second is None or not _fits_name(first):
        return False
    return second.text in TITLES or _fits_name(second)


def _fits_name(token: Token) -> bool:
    """Say whether a single character is common in given names, or too rare to be there for another reason."""
    return len(token.text) == 1 and (token.text in GIVEN or token.entry.cost > _RARE)
