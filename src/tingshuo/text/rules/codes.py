"""Numbers that name rather than count: telephones, identity numbers, rooms, trains, flights, plates.

They are said digit by digit, with 幺 for 1 where people do so on the telephone and the radio: telephone, room, train,
flight, plate and account numbers. Products and years have their own rules and say 一.
Telephone layouts are those of the Chinese numbering plan (mobile 1[3-9] and 11 digits, area code 0 and 2 or 3 digits,
400 and 800 services, 95xxx and 1xxxx services).
"""

import re

from tingshuo.text.rules.numbers import cardinal, spell
from tingshuo.text.rules.rule import Rule

_EDGE = r"(?<![0-9A-Za-z.])"
_END = r"(?![0-9]|\.[0-9])"
_EMERGENCY = "110|112|114|119|120|121|122|12110|12119|12121|12122|911|999"
_SERVICES = (
    "10010|10086|10099|11183|11185|12306|12309|1231[5-9]|12320|12328|12329|12333|12345|12348|12355|1236[5-9]|12377|"
    "1238[0189]|12393|12395|"
    "95[0-9]{2}[1-9]|96[0-9]{2}[1-9]"
)
_COUNTED = "年月日人元米个万千亿名吨台辆次字美块公平港欧英韩户册部件条只头家位张分秒点度克斤倍本亩间套股集页多余所份行款种层句步"
_NAMES = (
    "尾号|订单号|单号|编号|房间号|房号|卡号|账号|帐号|学号|工号|考号|座位号|证号|身份证号码|身份证号|身份证|号码|"
    "手机号|手机|电话|微信号|微信|热线|传真|"
    "QQ号|QQ群|QQ|qq|验证码|密码|邮编|邮政编码|车牌号|车牌|航班号|车次|流水号|序列号|口令|房间|工单|会员号|识别码|"
    "取件码|提货码|股票代码|代码|会议号|群号|ID|Id|id|"
    "端口号|端口|暗号|门牌号|警号|呼号|频道号|批号|文号"
)
_DIGIT_GROUPS = r"[0-9]++(?:[- ][0-9]++)*"


def _yao(match: re.Match[str]) -> str:
    """Say the digits of a match one by one with 幺; hyphens and spaces fall away, letters stay."""
    return re.sub(r"[- ]", "", spell(match[0], yao=True))


def _say_named(match: re.Match[str]) -> str:
    """Say ``尾号1234``: the words stay, the digits follow one by one."""
    return match[1] + re.sub(r"[- ]", "", spell(match[2], yao=True))


def _say_international(match: re.Match[str]) -> str:
    return "加" + re.sub(r"[- ()]", "", spell(match[1], yao=True))


def _say_rooms(match: re.Match[str]) -> str:
    digits = match[1]
    return _code_or_count(digits) + match[2]


def _code_or_count(digits: str) -> str:
    """Say a room number: three digits and more one by one, less as a number."""
    return spell(digits, yao=True) if len(digits) > 2 else cardinal(digits)


def _say_hyphenated(match: re.Match[str]) -> str:
    """Say three and more groups: ``4-4-2`` is 四四二, ``3-2-101`` 三杠二杠幺零幺."""
    groups = match[0].split("-")
    if all(len(group) == 1 for group in groups):
        return "".join(spell(group) for group in groups)
    return "杠".join(_code_or_count(group) for group in groups)


def _say_letters_yao(match: re.Match[str]) -> str:
    letters, digits = match[1], match[2]
    return letters + (spell(digits, yao=True) if len(digits) > 2 else cardinal(digits))


CODES = (
    Rule(
        r"(?<![0-9A-Za-z.])(7[0-9]7|A3[1-8]0|A321)-([1-9]00|[1-9]|MAX)(?![0-9])(?=ER|LR|neo|客机|飞机|型|机|[^0-9个人元A-Za-z]|$)",
        lambda m: f"{spell(m[1])}杠{cardinal(m[2]) if m[2].isdigit() else m[2]}",
        "-",
    ),
    Rule(
        r"(?<=[图表式例题])([0-9]{1,3})-([0-9]{1,3})(?![0-9.-]|[一-鿿]?[至到])",
        lambda m: f"{cardinal(m[1])}杠{cardinal(m[2])}",
        "-",
    ),
    Rule(
        r"((?:HTTP|http|状态码|错误码|报错?|返回了?|提示|出现|显示|遇到)[^0-9，。；！？\n]{0,6})([45]0[0-9])(?![0-9.,%]|"
        r"[年人元个条次名万])",
        lambda m: m[1] + spell(m[2]),
        "45",
    ),
    Rule(
        r"(?<![0-9A-Za-z])\+(86[- ]?(?:1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}|\(?0?[0-9]{2,3}\)?[- ]?[0-9]{7,8}|"
        r"[0-9]{3,4}[- ][0-9]{3,4}"
        r"(?:[- ][0-9]{3,4})?))" + _END,
        _say_international,
        "+",
    ),
    Rule(r"(?<![0-9A-Za-z])\+([1-9][0-9]{0,2}(?:[- ](?:\([0-9]{1,4}\)[- ]?)?[0-9]{2,5}){2,4})" + _END, _say_international, "+"),
    Rule(_EDGE + r"(?<![0-9]-)1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}" + _END, _yao, "1"),
    Rule(_EDGE + r"(?<![0-9]-)[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]{4}[0-9Xx](?![0-9A-Za-z])", _yao, "12"),
    Rule(
        _EDGE + r"\(0[0-9]{2,3}\) ?[2-9][0-9]{2,3}[- ]?[0-9]{4}" + _END,
        lambda m: spell(re.sub(r"[^0-9]", "", m[0]), yao=True),
        "(",
    ),
    Rule(
        _EDGE + r"(?<![0-9]-)0[1-9][0-9]{1,2}[- ]?(?:[2-9]|(?<=[- ])1)[0-9]{2,3}[- ]?[0-9]{4}(?:-[0-9]{1,5})?" + _END, _yao, "0"
    ),
    Rule(_EDGE + r"(?<![0-9]-)[48]00(?:-[0-9]{3}-[0-9]{4}|-[0-9]{4}-[0-9]{3}|-[0-9]{7}| [0-9]{3} [0-9]{4})" + _END, _yao, "-48"),
    Rule(_EDGE + rf"(?<![约共达近超过有到第:：×/-])(?:{_SERVICES})(?![0-9.,%/:：×+-]|[{_COUNTED}A-Za-z])", _yao, "19"),
    Rule(
        rf"((?:拨打|拨通|拨了|拨|打|呼叫|叫|致电|电话|热线|请?call)了?(?:急救|报警|火警|服务|客服)?(?:电话|"
        rf"热线)?[“\"]?)({_EMERGENCY}|[0-9]{{5}})"
        rf"(?![0-9.]|[{_COUNTED}折])",
        _say_named,
        "打拨叫电线l",
    ),
    Rule(rf"{_EDGE}({_EMERGENCY})(?=[”\"]?(?:报警|急救|火警|指挥|接警|警|电话|热线|救护|查号|客服|平台|调度|中心))", _yao, "19"),
    Rule(
        rf"((?:{_NAMES})(?:码|为|是|[:：]|是[:：]|为[:：])? ?[“\"]?)({_DIGIT_GROUPS})(?![0-9.:%]|[- ][0-9]|[{_COUNTED}a-z])",
        lambda m: _say_named(m) if len(re.sub(r"[- ]", "", m[2])) > 2 else m[0],
        "".join(sorted({name[-1] for name in _NAMES.split("|")})),
    ),
    Rule(
        r"(?<![A-Za-z0-9])([GDCZTKSYL])([0-9]{1,4})(?=次|号?列车|高铁|动车|(?:这|那)?趟|号?车次)",
        _say_letters_yao,
        "次列高动趟车",
    ),
    Rule(r"(?<=[乘坐次赶搭])([GDCZTKSYL])([0-9]{1,4})(?![0-9A-Za-z])", _say_letters_yao, "乘坐次赶搭"),
    Rule(r"(?<![A-Za-z0-9])([GD](?=[0-9]{3})|C(?=[0-9]{4}))([0-9]{3,4})(?![0-9A-Za-z.]|国道|高速)", _say_letters_yao, "GDC"),
    Rule(
        r"(?<![A-Za-z0-9])(CA|MU|CZ|HU|MF|ZH|FM|SC|HO|KN|JD|GS|EU|BK|TV|QW|PN|DR|GJ|MH|CX|KA|SQ|NH|JL|KE|OZ|TG|AA|UA|DL|"
        r"BA|AF|LH|EK|QF)"
        r" ?([0-9]{3,4})(?![0-9A-Za-z.])",
        _say_letters_yao,
        "ACEFHJKLMNOPQRSTUZDGB",
    ),
    Rule(
        r"(?<![A-Za-z0-9])(3U|9C|8L|6E|5J|7C)([0-9]{4})(?![0-9A-Za-z.])",
        lambda m: spell(m[1]) + spell(m[2], yao=True),
        "UCLEJ",
    ),
    Rule(
        r"([京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z])[·• -]?((?=[A-Z]{0,3}[0-9])[A-HJ-NP"
        r"-Z0-9]{5,6})(?![A-Za-z0-9])",
        lambda m: m[1] + spell(m[2], yao=True),
        "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼",
    ),
    Rule(
        r"(?<![0-9A-Za-z.])([1-9]?[0-9]{1,2})([-#])([1-9]?[0-9]{1,2})\2([0-9]{3,4})(?=室|房|号|户|[^0-9-]|\Z)",
        lambda m: "杠".join((cardinal(m[1]), cardinal(m[3]), spell(m[4], yao=True))) if m[2] == "-" else m[0],
        "-",
    ),
    Rule(
        r"(?<![0-9A-Za-z.])([0-9]{3,5})(室|房(?!间数)|房间|号房|号病房|号包间|包间|包厢|宿舍|号宿舍|教室|会议室|号楼|信箱|诊室)",
        _say_rooms,
        "室房包宿教会号信诊",
    ),
    Rule(
        rf"(?:(?<=单元)|(?<=[栋楼座幢]))([0-9]{{3,4}})(?![0-9.,%]|[{_COUNTED}])",
        lambda m: spell(m[1], yao=True),
        "元栋楼座幢",
    ),
    Rule(r"(?<![0-9A-Za-z.])([0-9]{2,4})(路)(?=公交|车|汽|电车|巴士|站|到|在)", _say_rooms, "路"),
    Rule(
        r"(?<=[（(])(?:60[0-9]|00[0-3]|30[01]|68[89]|5[1568][0-9]|15[0-9]|8[37][0-9])[0-9]{3}(?=(?:\.(?:SH|SZ))?[)）])", _yao, "("
    ),
    Rule(r"(?<=[零一二三四五六七八九幺])(转|分机号?) ?([0-9]{2,6})(?![0-9])", _say_named, "转机号"),
    Rule(r"(?<=[0-9])#(?=[楼栋馆机库门])", lambda m: "号", "#"),
    Rule(r"(?<![0-9A-Za-z.])([0-9]{4,5})(?=端口)", _yao, "端"),
    Rule(r"(?<![0-9A-Za-z.])1024(?=程序员)", lambda m: spell(m[0]), "1"),
    Rule(rf"(?<![0-9A-Za-z.-])(?:996|007)(?![0-9.,%:/-]|[{_COUNTED}])", lambda m: spell(m[0]), "9670"),
    Rule(
        r"(?<![0-9A-Za-z.一-鿿$¥€£+×:-])(?:6{3,}|23{2,}|5{3,}|88|886|1314)(?=[，。！？…~ ]|\Z|我|太)",
        lambda m: spell(m[0]),
        "62581",
    ),
    Rule(r"(?<![0-9A-Za-z.])520(?=我爱你|快乐|表白|情人节|礼物)", lambda m: spell(m[0]), "5"),
    Rule(
        r"(?<![0-9A-Za-z.])(985|211|996|007|863|973)(?=高校|工程|院校|大学|计划|工作制|毕业|名校|[、/和]|双一流|的)",
        lambda m: spell(m[1], yao=m[1] == "211"),
        "98207",
    ),
    Rule(
        r"(?<![0-9A-Za-z.])(301医院|360(?:度)?(?=安全|公司|浏览器|杀毒|搜索|软件)|502胶水|404(?=错误|页面|not)|731部队|"
        r"318国道|315晚会|618(?=大促|购物节|活动|年中))",
        lambda m: spell(m[1]),
        "医安公浏杀搜软胶错页部国晚大购活年n",
    ),
    Rule(r"(?<![0-9A-Za-z.-])7-(?:11|ELEVEN|Eleven|eleven)(?![0-9A-Za-z])(?=便利|超市|店|[买里门的])", lambda m: "七十一", "-"),
    Rule(r"(?<![0-9A-Za-z.-])[0-9]{1,5}(?:-[0-9]{1,5}){2,8}(?![0-9-]|\.[0-9])", _say_hyphenated, "-"),
)
