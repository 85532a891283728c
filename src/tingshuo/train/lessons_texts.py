"""What a teacher is made to say: the user's texts, or sentences of our own.

Our own sentences are put together from parts, all written for this project. A student has to answer as its teacher does to any
sentence, so variety of sounds and their neighbours counts, not meaning.
"""

import random
import re
from pathlib import Path

from tingshuo.data.corpora.registry import read_corpus
from tingshuo.errors import RequestError
from tingshuo.train.publish import SENTENCES

LONGEST_CHARACTERS = 60
"""Longer texts are cut after a mark that ends a sentence."""
BUILT_IN_TEXTS = 1200
ENGLISH_SHARE = 0.5
"""Of our own texts for a teacher that has English phones."""

WHO = """
    我 你们 他 咱们 爷爷 小梅 张老师 王司机 邻居家的孩子 两位客人 那只花猫 刘医生 隔壁班的同学 新来的经理 我弟弟 导游 船长
    卖瓜的大叔 拉二胡的老人 女儿 护士长 苏州来的朋友 秦先生 厨师 宇航员 裁缝 摄影师 村长 表哥 房东 牛教练 渔夫
""".split()
WHEN = """
    今天 昨天傍晚 下个月 清晨六点 午饭以后 前年夏天 每逢周末 十二月二十九号 天黑之前 放学的时候 春节期间 刚才 半夜里 从去年起
    雨停了以后 这两天 国庆节 凌晨三点一刻 冬至那天 第二次比赛前 一九九七年 快下班时 趁热 偶尔
""".split()
WHERE = """
    在北京 在厨房里 在湖边的长椅上 在图书馆 去广州的火车上 在学校操场 在胡同口 在超市 在雪山脚下 在三楼的窗口 在后院
    在云南的小镇 在码头 在博物馆门前 在草原深处 在地铁站 在宿舍 在瓷器店 在黑龙江 在屋顶 在会议室 在弄堂里 在葡萄架下 在悬崖边
""".split()
WHAT = """
    看书 画了一幅山水画 买了三斤苹果 给奶奶写信 把钥匙弄丢了 唱起了家乡的歌 修好了那台旧收音机 喝着热腾腾的豆浆 学骑自行车
    等了整整一个钟头 认识了一位作家 吃烤鸭 种下两棵柳树 拍了很多照片 听见有人敲门 讨论环境保护的问题 做了一个奇怪的梦
    把雨伞借给别人 找到了丢失的钱包 捡到一块漂亮的石头 准备论文的答辩 剥花生 跟朋友下棋 数着天上的星星 洗了六件衬衫
    追赶一只兔子 煮了绿豆粥 擦玻璃 搬家具 练习毛笔字 采蘑菇 挖了个坑 听广播 弹琵琶 翻译德语小说 训练那匹马 缝补衣裳
    量了血压和体温 摔了一跤 抓阄 换零钱 熬夜复习 掰玉米 削铅笔 吹泡泡 踢毽子 扔飞镖 捏泥人
""".split()
END = ("。", "。", "。", "！", "吗？", "呢？", "吧。", "了。")
TAIL = """
    心里特别高兴 谁也没有想到 结果白跑一趟 真让人羡慕 后来才知道弄错了 大家都笑了 一句话也不说 累得腰酸背疼 花了不到四十块钱
    却忘了带眼镜 不知不觉天就亮了 脸上泛着红光 风又大又冷 连鞋都湿透了 声音轻得像羽毛 旁边的狗汪汪直叫 闻着有股桂花香
    恐怕来不及 总算松了口气 比想象中容易得多 其实挺有趣 别提多热闹
""".split()
RARE = """
    揣着 嫩芽 瓮中捉鳖 蹿上房 卯足了劲 嗖的一声 虐待 掠过水面 女娲补天 捋胡子 筛沙子 拽住绳子 涮羊肉 耍赖 拴马桩 吮吸 瘸腿
    炯炯有神 穷人 匈牙利 泵房 抡起锤子 孪生姐妹 攥紧拳头 蔫了 嘭的一响 氛围 鬓角 谬论 丢脸 否则 给予 贼头贼脑 怎么 参差不齐
    层层叠叠 僧人 森林 摘棉花 债主 拆开 晒谷子 特别 讷讷地 勒紧 塞满 鳃 色子 鹤 二月 耳朵 儿歌 摩托车 剖面 某某 佛像 跌倒 蝶泳
    聂耳 裂缝 略微 疟疾 绝妙 靴子 旋涡 群岛 驯鹿 俊俏 均匀 运气 鹅卵石 嗡嗡 翁婿 甭说 蹦跳 崩塌 烹饪 碰撞 孟子 封条 凤凰 腾飞
    愣住 能干 仍然 正直 瞪眼 灯盏 坑洼 耕耘 横竖 吨位 吞咽 轮椅 尊敬 村庄 孙悟空 谆谆教导 春笋 顺便 润滑 昆仑 棍棒 混合 文盲
""".split()
LATIN = """
    APP GPT CPU OK PPT email iPhone Wi-Fi Python coffee meeting project deadline party bug logo Google YouTube Windows Office vlog
    USB KTV VIP DJ NBA MBA HR FBI XYZ Jack Tom Alice George Judy Zoe music weekend birthday shopping fashion style vision measure
    father mother brother teacher picture orange chocolate hamburger pizza salad yogurt juice voice joy toy boy cowboy power
    flower cheese chair judge bridge garage massage casual usual thing think thank bath north bathroom weather leather feather
    foot book cook should sugar moon school cool blue huge view cute few world girl bird nurse early learn strange strength
    spring splash street scream twelve sixth months asked facts texts lunch branch change lounge banana computer university
""".split()
_ENGLISH = """
    I have three dogs and a cat. | She was born in 2019. | What time is it? | Thank you very much! | Let it go. | Never mind.
    The quick brown fox jumps over the lazy dog. | He usually watches television. | How beautiful the weather is!
    They are going to the museum by bus. | I would like a cup of hot coffee. | Is this your book? | See you on Friday.
    My father works in a huge garage. | Don't worry about it. | The boys enjoy playing football. | Where do you live?
    Give me five minutes, please. | You can do it! | Both of them were thirsty. | The judge changed her mind.
    There are twelve months in a year. | Who put the sugar in my juice? | Nothing lasts forever. | Sing a song of spring.
    We should have asked the nurse. | It is a pleasure to meet you. | A good vision of joy.
"""
ENGLISH = [text for line in _ENGLISH.splitlines() for one in line.split("|") if (text := one.strip())]


def built_in_texts(count: int = BUILT_IN_TEXTS, seed: int = 0, *, english: bool = False) -> list[str]:
    """Return sentences of our own, always the same ones for a seed; with ``english`` every other has English in it."""
    rng = random.Random(seed)
    texts = [*SENTENCES]
    while len(texts) < count:
        if english and rng.random() < ENGLISH_SHARE:
            texts.append(_with_english(rng))
            continue
        who, when, where, what = (rng.choice(parts) for parts in (WHO, WHEN, WHERE, WHAT))
        match len(texts) % 5:
            case 0:
                texts.append(f"{who}{when}{where}{what}{rng.choice(END)}")
            case 1:
                texts.append(f"{when}，{who}{where}{what}，{rng.choice(TAIL)}{rng.choice(END[:4])}")
            case 2:
                texts.append(f"{who}说，{rng.choice(WHO)}{where}{what}{rng.choice(END)}")
            case 3:
                some = "、".join(rng.sample(RARE, 3))
                texts.append(f"{some}，{rng.choice(TAIL)}{rng.choice(END[:4])}")
            case _:
                texts.append(f"{rng.choice(RARE)}，{what}{rng.choice(END)}")
    return texts[:count]


def _with_english(rng: random.Random) -> str:
    """Put English words into a Chinese sentence, or say an English one."""
    who, what = rng.choice(WHO), rng.choice(WHAT)
    first, second = rng.sample(LATIN, 2)
    return rng.choice(
        (
            f"{who}的{first}和{second}{rng.choice(END)}",
            f"{who}用{first}{what}，{rng.choice(TAIL)}。",
            f"{first}，{second}，{rng.choice(WHEN)}{what}{rng.choice(END)}",
            f"{who}说 {rng.choice(ENGLISH)}",
            f"{rng.choice(ENGLISH)} {who}{what}。",
        )
    )


def read_texts(source: Path | None, count: int, seed: int = 0, *, english: bool = False) -> list[str]:
    """Return texts to speak, in a random order that depends on ``seed`` alone.

    Parameters
    ----------
    source : Path or None
        A text file in UTF-8, one or more sentences a line, or a corpus of any known layout, of which the texts are taken; None
        is `built_in_texts`.
    count : int
        At most so many.
    english : bool
        Let our own texts have English in them.

    Raises
    ------
    RequestError
        The file cannot be read, is not UTF-8, or holds no text.
    DataError
        The folder is of no known layout.
    """
    if source is None:
        lines = built_in_texts(count, english=english)
    elif source.is_dir() or source.suffix == ".jsonl":
        lines = [row.text for row in read_corpus(source).rows if row.text]
    else:
        lines = _lines(source)
    texts = [part for line in lines for part in _short(line.strip())]
    if not texts:
        raise RequestError(f"{source}: holds no text; give Chinese sentences, one a line", "data")
    random.Random(seed).shuffle(texts)
    return texts[:count]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {error.strerror}", "data") from error
    except UnicodeDecodeError as error:
        raise RequestError(f"{path}: is not UTF-8; convert it, as with iconv -f GB18030 -t UTF-8", "data") from error


def _short(line: str) -> list[str]:
    """Cut a long line after its sentences; what is still too long is left out."""
    parts = [line] if len(line) <= LONGEST_CHARACTERS else re.findall(r"[^。！？!?]+[。！？!?]?", line)
    return [part.strip() for part in parts if 0 < len(part.strip()) <= LONGEST_CHARACTERS]
