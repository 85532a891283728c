"""Contexts that settle how a common polyphone is read, where the polyphone net is weak: everyday speech.

Each rule is a pattern over the sentence; the character of its last group is read as the rule says. The first rule that matches a
place wins. Written for this project; the net was trained on encyclopedia sentences, which rarely have 还了钱 or 教我.
"""

import re
from functools import cache

from tingshuo.text.segment import Token

_NUMBER = "一二两三四五六七八九十百千万几半"
_END = "[，。！？；、…）”』」\\s]|$"
_MANNER = (
    "慢慢 轻轻 静静 悄悄 偷偷 深深 渐渐 紧紧 狠狠 好好 默默 细细 牢牢 高高 远远 重重 久久 "
    "满满 热热 早早 快快 淡淡 微微 缓缓 认真 努力 高兴 愉快 仔细 不断 逐渐 迅速 飞快 大声 "
    "小声 开心 自然 温柔 热情 积极 拼命 马上 清楚 明显 严肃 激动 兴奋 平静 耐心 安静 急忙 "
    "简单 直接 有效 充分 秘密 意外 公开 主动 被动 正式 正常 稳定 系统 科学 客观 本能 "
    "疯狂 无情 巧妙 合理 公平 顺利 幸运 高效 默契 礼貌 友好 坚定 果断 "
    "勇敢 虚心 诚恳 细心 用心 专心 放心 安心 伤心 痛苦 难过 惊讶 好奇 下意识 兴致勃勃 "
    "完全 十分 特别 非常 不停 一个劲儿? 似的 般 样"
).replace(" ", "|")
_PRIZE = f"[到了知出以意罪分奖救手逞失益票胜冠第满金银铜病癌流高低名道宠过0-9{_NUMBER}]|不[到出]|什么"
_RULES = f"""
长 chang2 [很太更最真挺多不么别常好够般米尺寸](长)(?={_END}|[的了吗呢吧啊])
长 chang2 (长)(?=[{_NUMBER}约达][{_NUMBER}米公厘千]|短不)
长 zhang3 (长)(?=[着满得]|出来|起来|[高胖大]了|[了出个][{_NUMBER}颗痘胡])
还 huan2 [要来没快该先会就再了](还)(?=[你我他她]?的?[钱债书款]|清|[你我他她]人情)
还 huan2 (还)(?=了[{_NUMBER}钱书债他她你我人，。]|清[了债楚]|完[了钱])
还 huan2 [把].{{1,6}}(还)(?=[给了上回])
为 wei4 (?<![成作认以称视名誉改分列变化定任因命选评之])(为)(?=[你我他她它您谁何民]|了(?!解|结|断|然))
为 wei4 (?<![成作认以称视名誉改分列变化定任因命选评之])(为)(?=人民|大家|国家|祖国|自己|客户|用户|孩子|父母|生活|读者)
只 zhi1 [{_NUMBER}这那每多](只)(?![有说需限是能会要想好剩见怕求管得知用为在不可因])
还 huan2 (?:^|[，。！？快先])(还)(?=[你我他她]们?(?:的|一个|清白|公道|自由)?[钱债书款公清自]|[你我他她]们?(?:的)?$)
还 huan2 [要来没快该先会就再](还)(?=的(?:$|[，。！？]))
重 zhong4 有多(重)
重 zhong4 [很太更最真挺多不么别常好够般有斤克](重)(?={_END}|[的了吗呢吧啊])
重 zhong4 (重)(?=[{_NUMBER}约达][{_NUMBER}十百千]*[斤公千吨克两多])
行 hang2 (?:排成|站成|列成|写成|分成|成)[{_NUMBER}]?(行)(?=[的，。！？]|$)
卷 juan3 (卷)(?=[起着进成走来入上]|了[起进成走])
卷 juan3 [{_NUMBER}](卷)(?=[卫手]?纸|胶[带布卷]|布|毛线|铺盖)
系 ji4 (系)(?=[着好紧上]|[了]?[{_NUMBER}]?[条根个]?(?:鞋带|领带|围巾|安全带|扣子|腰带|红领巾|围裙|绳))
转 zhuan4 绕[^，。！？]{{1,10}}(转)(?={_END}|[的了着])
转 zhuan4 [在地](转)(?={_END}|[的着])
觉 jiao4 睡[不了过没一个得好着完上会大]{{0,3}}(觉)
着 zhao2 [火灯柴草](着)(?=[了，。！？]|起来|得|$)
似 shi4 (似)(?=的(?:{_END}))
得 dei3 [我你他她它您咱们家都也还就总可才又非谁己天](得)(?=[小当]心|注意|努力|抓紧|赶|马上|立刻|想办法|认真|好好|多[^少]|少|先)
得 dei3 [事活件次题](得)(?=[你我他她]们?[去来做办出想写看管帮说自亲负])
落 la4 (落)(?=在[^，。！？]{{1,6}}(?:没拿|忘了|了(?:$|[，。！？])))
落 la4 (?:钥匙|手机|包|伞|书|作业|文件|证|东西|眼镜|电脑|行李|衣服|卡|票)(落)(?=在[^，。]{{0,4}}[家里上车店司校室]|[家车店]里)
量 liang2 (量)(?=[出好完过][^，。]?[{_NUMBER}体身血尺长宽])
得 dei3 (?:[我你他她咱]们|大家|[我你他她您咱])(得)(?!{_PRIZE})
得 dei3 (得)(?=有人|靠自己)
种 zhong4 [地里田上要想](种)(?=什么|点|些|啥)
长 zhang3 (长)(?=长了)
地 de5 ([一-龥])\\1(地)(?=[^方点区铁图道址面位带段球]|$)
着 zhao2 [睡找摸够碰见用犯套打猜管买吃听看挨轮捉捞沾抓][不得](着)
散 san4 (散)(?=着步|[一会]{{0,2}}儿?步|个步|了[一会]{{0,2}}儿?步|[了完](?:会|场|席))
嚼 jiao2 (?<!咀)(嚼)
场 chang2 [{_NUMBER}这那](场)(?=[大暴小春秋冬]?[雨雪风灾]|[大恶]战|官司|大?病|[噩恶美]?梦|大?火|空|误会|浩劫|混乱|虚惊|争吵|风波)
场 chang3 [{_NUMBER}这那每](场)
横 heng4 [真太很][地]?(横)(?={_END})
扎 za1 (扎)(?=[着了起好]?[{_NUMBER}]?[条个根]?(?:辫|马尾|头发|蝴蝶结|领结|小辫|丸子头))
和 he4 (和)(?=着[音乐节拍曲歌鼓])
得 dei3 (?:^|[，。！？；])(得)(?=[多少好先快赶去把给让有注小找想看问等加再花用靠吃喝睡])
教 jiao1 (教)(?=别人|人家|孩子|学生|大家|同学|徒弟|学员|小朋友|出来|出了)
挑 tiao1 (挑)(?=着?[{_NUMBER}]?[担桶]|着?[水柴粪])
调 tiao2 [人会要想再手动](调)(?={_END})
弹 tan2 [一又再轻](弹)(?=就|，|又)
倒 dao4 [把将][^，。！？]{{1,6}}(倒)(?=在|进|到)
倒 dao3 (倒)(?=在(?:了?)[沙床地血怀路街雪草椅水田他她我])
行 hang2 一(行)(?=白鹭|字|眼泪|代码|诗|小字|大字|文字|脚印|树|泪)
行 hang2 成[{_NUMBER}](行)(?={_END})
还 huan2 [来去](还)(?={_END})
打 da2 [{_NUMBER}](打)(?=鸡蛋|啤酒|铅笔|袜子|毛巾|玫瑰)
长 chang2 长得(长)
教 jiao1 (?<![宗佛道回文调执任助请管家主信传督])(教)(?=[你我他她它谁]|会了|过书|了[{_NUMBER}他她我你])
中 zhong4 [打击猜命射说看选切](中)(?=了|过)
中 zhong4 (?<![其心空手水家])(中)(?=了(?!解|断|结)|彩票|大奖|头奖|[{_NUMBER}]等奖|圈套)
当 dang4 把[^，。]{{1,6}}(当)(?![地天时年中场前初事局街面然，。])
当 dang4 别(当)(?=真|回事)
行 hang2 [{_NUMBER}第每这那](行)(?=[字诗代文泪白]|眼泪|热泪|{_END}|的|里|有|是)
转 zhuan4 (转)(?=[了着]?[{_NUMBER}]?圈|来转去|个不停|悠)
干 gan1 [很太更最真](干)
干 gan4 (干)(?=什么|啥|嘛|得[很好不]|了[{_NUMBER}什很这]|完|过|不了|下去|起来|掉|这)
干 gan4 [想要在来去敢么白苦实蛮](干)(?![净燥涸脆旱扰预涉杯戈枯果粮货洗])
累 lei4 [很太好真最更不么常别](累)
累 lei4 (累)(?=了|死|坏|吗|得|不累|吧)
量 liang2 (量)(?=[了一]?量|一下|体温|血压|身高|体重|尺寸|了[{_NUMBER}])
背 bei1 (背)(?=[着起上][^后面你我他她人]|不动|了[{_NUMBER}])
差 cha4 [很太还最更不真么常得好较](差)(?=[的了吗呢啊]|{_END}|得|劲|一点)
差 cha4 (差)(?=[{_NUMBER}][分点个票名天秒步]|一点|点儿?|不多|远了)
假 jia4 [请休放度](?:了|过|完)?(?:[{_NUMBER}]+(?:天|个月|个星期|周|年|小时|个)?)?(假)
传 zhuan4 (传)(?=》)
藏 cang2 (藏)(?=着|在|起|到|了[{_NUMBER}]|进|好|身)
调 tiao2 (调)(?=[一]?下|[高低大小快慢][一点些了到]|成|到[{_NUMBER}最])
倒 dao4 (倒)(?=也|是[^闭塌]|不[如是会]|[了]?[{_NUMBER}]?杯|了?水|出来|掉|垃圾|茶|酒)
倒 dao3 [摔跌推打病晕击绊撞滑吹](倒)
撒 sa3 (撒)(?=[上些在][^谎娇野手]|了[{_NUMBER}些])
炸 zha2 (炸)(?=[至熟好成制透][^弹药伤死毁]|[鸡鱼虾薯糕丸串肉豆土油][^雷轮田船]|油条|[{_NUMBER}]+分钟)
划 hua2 (划)(?=[船桨艇水破伤拳着开]|了[{_NUMBER}])
钉 ding4 (钉)(?=[在上入进着]|了[{_NUMBER}])
弹 tan2 (弹)(?=[着了过]?(?:一[首曲手]?)?(?:钢琴|吉他|琵琶|古筝|古琴|琴|奏|唱|棉花))
吐 tu4 (吐)(?=血|奶|了[{_NUMBER}，。！？]|得)
着 zhao2 [^，。][不](着)(?=[了，。！？的吗呢家]|$|[你我他她])
着 zhao2 [睡找点猜够](着)(?=了|吗|没)
了 liao3 [^，。](?:不)(了)(?=[，。！？的吗呢吧啊多]|$|[你我他她它这那])
了 liao3 [^，。觉记晓懂免省值显]得(了)(?=吗|[你我他她它这那])
数 shu3 (?:数了?一?)(数)(?![一-龥]?[字据学量])
数 shu3 (数)(?=[一]数|了数|着|到[{_NUMBER}]|不[清完过]|得清|了[{_NUMBER}数])
好 hao4 (好)(?=吃懒做|色之徒|大喜功|高骛远|为人师|逸恶劳|管闲事|斗的)
种 zhong4 (种)(?=[着了上过]?(?:[{_NUMBER}][棵株亩]|地|树|花|菜|田|水稻|玉米|小麦|庄稼|蔬菜|果树))
种 zhong4 [播耕栽](种)
种 zhong4 (?<![这那各每一二两三四五六七八九十几多某种])(种)(?=在|下|上了|着)
觉 jiao4 [睡补]了?[个一好大懒午饱长安稳]{{0,3}}(觉)(?![得悟察])
着 zhao1 [这那一妙高绝](着)(?=棋)
薄 bao2 [很太更最真不挺](薄)
薄 bao2 (薄)(?=薄的|的一层|被子|衣)
没 mei2 (没)(?=问题|事|人|有|什么|想|看|去|来|吃|做|说|能|法|办|关系|时间|钱|意思)
重 chong2 (?<![沉严体双多贵加比尊着保繁轻注偏])(重)(?=[开建写做来播演读回返逢现修装启置组排拍印申游访映审签录见]|又)
看 kan1 (看)(?=[着住好管]?(?:孩子|门|家护院|大门|仓库|摊|店))
量 liang2 (量)(?=力而行|入为出|体裁衣)
刨 pao2 (刨)(?=[坑树地土塌出根了去开])
葛 ge2 (葛)(?=属|藤|根|粉|布|麻|条)
吧 ba5 (?<![酒网贴氧茶书水影迪咖陶画话])(吧)(?={_END})
吧 ba5 (?<![酒网贴氧茶书水影迪咖陶画话])[走来去好是行看说吃做玩想知大有会要快一起了的他我你们样](吧)
吗 ma5 (?<!吗)(吗)(?={_END})
啊 a5 [^，。！？](啊)(?={_END})
地 de5 (?:{_MANNER})(地)(?=[^方点区铁图道址面位带段球])
"""
_TRIED = (
    "量 liang2 数 shu3 调 tiao2 转 zhuan4 弹 tan2 藏 cang2 倒 dao4 切 qie1 看 kan4 挑 tiao1 扎 za1 钻 zuan1 划 hua2 教 jiao1 "
    "种 zhong4 散 san4 卷 juan3 露 lou4 称 cheng1 扇 shan1 削 xiao1 炸 zha2 冲 chong1 铺 pu1 抹 mo3 剥 bao1 盛 cheng2 背 bei4 "
    "磨 mo2 缝 feng2 晃 huang4 泡 pao4 提 ti2 塞 sai1 涨 zhang3 喝 he1 号 hao4 撒 sa3 钉 ding4 扫 sao3 担 dan1 夹 jia1 拧 ning3 "
    "吐 tu3 还 huan2 和 huo2 熬 ao2 压 ya1 担 dan1 逛 guang4 兴 xing1 冠 guan4 撇 pie3 处 chu3 分 fen1 间 jian4 应 ying4 拓 ta4"
).split()
"""Verbs with the reading that they have when something is tried: 量一量, 数了数, 量不量."""
_BY_CHARACTER: dict[str, list[tuple[str, str]]] = {}
for _char, _pinyin in zip(_TRIED[::2], _TRIED[1::2], strict=True):
    _BY_CHARACTER[_char] = [(_pinyin, rf"({_char})(?=[一了不没]{_char})"), (_pinyin, rf"{_char}[一了不没]({_char})")]
for _line in _RULES.strip().splitlines():
    _char, _pinyin, _pattern = _line.split(" ", 2)
    _BY_CHARACTER.setdefault(_char, []).append((_pinyin, _pattern))


@cache
def _compiled(char: str) -> list[tuple[str, re.Pattern[str]]]:
    """Compile the rules of a character when it is first met: all of them together would cost a cold start some 30 ms."""
    return [(pinyin, re.compile(pattern)) for pinyin, pattern in _BY_CHARACTER[char]]


def read_in_context(text: str) -> dict[int, str]:
    """Return the readings that the rules settle in a sentence: index of a character to its pinyin, before sandhi."""
    found: dict[int, str] = {}
    for char in _BY_CHARACTER.keys() & set(text):
        for pinyin, pattern in _compiled(char):
            for match in pattern.finditer(text):
                found.setdefault(match.start(match.lastindex or 0), pinyin)
    return found


_MUST_AFTER = frozenset(
    "我 你 他 她 它 您 咱 我们 你们 他们 她们 咱们 大家 都 也 还 就 总 可 才 又 必须 非 只 谁 自己 今天 明天".split()
)
_MUST_BEFORE = frozenset("把 被 给 跟 和 多 少 上 下 从 在 自己 一起 有".split())
_ACHIEVED = frozenset("清动上下住开掉完懂见起来去着过好成透通会准稳")
"""How a verb of one character turns out after 得: 数得清, 搬得动."""
_GAINED = frozenset("到 了 出 知 罪 病 奖 分 胜 体 失 逞 救 票 道".split())


def read_de(tokens: list[Token], i: int) -> str:
    """Return the reading of 得 as a word of its own: dei3 (must), de5 (after a verb, before how it is done), "" when unsure."""
    if i == 0 or i + 1 == len(tokens):
        return ""
    before, after = tokens[i - 1], tokens[i + 1]
    if before.text in _MUST_AFTER:
        must = after.text[0] not in _GAINED and (after.entry.tag in ("v", "a", "d") or after.text in _MUST_BEFORE)
        return "dei3" if must else ""
    described = after.entry.tag in ("a", "d", "v", "z", "r", "i", "l", "c", "p") and after.text[0] not in _GAINED
    if len(before.text) == 1 and before.entry.tag in "vnm" and after.text[0] in _ACHIEVED:
        return "de5"
    return "de5" if described and before.entry.tag in ("v", "a", "f", "z", "m") else ""
