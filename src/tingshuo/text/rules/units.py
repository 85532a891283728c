"""Units of measure after a number: ``5km``, ``60km/h``, ``-3℃``, ``120m²``, ``39°54′``, ``2h30min``, ``8000元/平方米``.

Names follow the Chinese legal units of measurement (GB 3100 to 3102); where daily speech has another one it is used (公里, 公斤).
GB, MB and the like stay letters, as people say them.
"""

import re

from tingshuo.text.rules.numbers import NUM, QUANTITY, cardinal, number, quantity
from tingshuo.text.rules.rule import Rule

UNITS = {
    "km": "公里", "m": "米", "dm": "分米", "cm": "厘米", "mm": "毫米", "μm": "微米", "um": "微米", "nm": "纳米", "ft": "英尺",
    "mi": "英里",
    "kg": "公斤", "g": "克", "mg": "毫克", "μg": "微克", "ug": "微克", "mcg": "微克", "ng": "纳克", "pg": "皮克", "t": "吨",
    "lb": "磅", "lbs": "磅", "oz": "盎司",
    "L": "升", "l": "升", "dL": "分升", "dl": "分升", "mL": "毫升", "ml": "毫升", "ML": "毫升", "μL": "微升", "μl": "微升",
    "cc": "毫升",
    "km2": "平方公里", "m2": "平方米", "dm2": "平方分米", "cm2": "平方厘米", "mm2": "平方毫米", "㎡": "平方米",
    "sqm": "平方米", "ha": "公顷",
    "km3": "立方公里", "m3": "立方米", "dm3": "立方分米", "cm3": "立方厘米", "mm3": "立方毫米", "Nm3": "标准立方米",
    "h": "小时", "hr": "小时", "hrs": "小时", "min": "分钟", "mins": "分钟", "s": "秒", "sec": "秒", "ms": "毫秒",
    "μs": "微秒", "us": "微秒", "ns": "纳秒",
    "Hz": "赫兹", "kHz": "千赫兹", "KHz": "千赫兹", "MHz": "兆赫兹", "GHz": "吉赫兹", "THz": "太赫兹", "dB": "分贝",
    "dBm": "分贝毫瓦", "db": "分贝",
    "W": "瓦", "kW": "千瓦", "KW": "千瓦", "MW": "兆瓦", "GW": "吉瓦", "mW": "毫瓦", "kWh": "千瓦时", "KWh": "千瓦时",
    "kwh": "千瓦时", "Wh": "瓦时",
    "MWh": "兆瓦时", "GWh": "吉瓦时", "mAh": "毫安时", "Ah": "安时", "V": "伏", "kV": "千伏", "KV": "千伏", "mV": "毫伏",
    "mA": "毫安", "μA": "微安", "Ω": "欧姆", "kΩ": "千欧", "MΩ": "兆欧",
    "μF": "微法", "pF": "皮法", "nF": "纳法", "mH": "毫亨", "μH": "微亨",
    "Pa": "帕", "hPa": "百帕", "kPa": "千帕", "KPa": "千帕", "MPa": "兆帕", "Mpa": "兆帕", "bar": "巴", "mmHg": "毫米汞柱",
    "psi": "磅每平方英寸", "atm": "个大气压",
    "J": "焦耳", "kJ": "千焦", "KJ": "千焦", "MJ": "兆焦", "kcal": "千卡", "Kcal": "千卡", "cal": "卡", "eV": "电子伏",
    "keV": "千电子伏", "MeV": "兆电子伏", "GeV": "吉电子伏", "TeV": "太电子伏",
    "N": "牛", "kN": "千牛", "Nm": "牛米", "N·m": "牛米", "mol": "摩尔", "mmol": "毫摩尔", "μmol": "微摩尔", "nmol": "纳摩尔",
    "pmol": "皮摩尔", "IU": "国际单位", "U": "单位", "mIU": "毫国际单位", "Bq": "贝克勒尔", "Sv": "西弗", "mSv": "毫西弗",
    "μSv": "微西弗",
    "℃": "摄氏度", "°C": "摄氏度", "℉": "华氏度", "°F": "华氏度", "°": "度", "cd": "坎德拉", "lm": "流明", "lx": "勒克斯",
    "nit": "尼特", "nits": "尼特",
    "rpm": "转每分钟", "RPM": "转每分钟", "bpm": "次每分钟", "BPM": "次每分钟", "fps": "帧每秒", "FPS": "帧每秒",
    "px": "像素", "ppi": "像素每英寸", "dpi": "点每英寸", "DPI": "点每英寸",
    "bps": "比特每秒", "kbps": "千比特每秒", "Kbps": "千比特每秒", "Mbps": "兆比特每秒", "Gbps": "吉比特每秒",
    "Tbps": "太比特每秒", "bit": "比特", "bits": "比特",
    "bp": "个基点", "BP": "个基点", "ppm": "ppm", "ppb": "ppb", "pt": "磅", "mph": "英里每小时", "kph": "公里每小时",
    "mol%": "摩尔百分比",
    "GB": "GB", "MB": "MB", "KB": "KB", "kB": "KB", "TB": "TB", "PB": "PB", "EB": "EB", "GiB": "GiB", "MiB": "MiB",
    "KiB": "KiB", "TiB": "TiB", "Mb": "兆比特", "Gb": "吉比特",
    "TOPS": "TOPS", "TFLOPS": "TFLOPS",
}  # fmt: skip
_AFTER_SLASH = {
    "h": "小时", "hr": "小时", "s": "秒", "sec": "秒", "min": "分钟", "d": "天", "day": "天", "a": "年", "m": "米",
    "mo": "月", "次": "次", "人": "人", "W": "瓦", "K": "开尔文", "HP": "HP",
    "hm2": "公顷", "hm²": "公顷", "night": "晚", "person": "人", "s2": "二次方秒", "GB": "GB", "bit": "比特",
    "100km": "百公里", "100m": "百米",
    "100g": "百克", "100mL": "百毫升", "100ml": "百毫升",
}  # fmt: skip
_CHINESE_AFTER = (
    "平方米|平方公里|平方千米|平方厘米|平米|平|立方米|立方厘米|公里|千米|米|厘米|公斤|千克|斤|吨|克|毫升|升|小时|时|"
    "分钟|分|秒|天|日|周|月|季度|季|年|人|次|个|件|套|台|只|张|"
    "晚|间|课时|节|本|桶|盎司|股|亩|公顷|千瓦时|度|户|位|户|辆|片|粒|瓶|盒|袋|箱|份|批|班|场|百公里|千字|字|单|笔|条|"
    "斤|两|磅|毫米"
)


def _alternatives(names: "dict[str, str]") -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_UNIT = _alternatives(UNITS)
_FIRST = "".join(sorted({name[0] for name in UNITS}))
_END = r"(?![A-Za-z0-9²³])"


def _divisor(written: str) -> str:
    """Say what a unit is divided by."""
    return _AFTER_SLASH.get(written) or UNITS.get(written) or written


def _say_unit(match: re.Match[str]) -> str:
    """Say a number or range with its unit and what it is divided by."""
    written, unit = match[1], UNITS[match[2]]
    if unit in ("摄氏度", "华氏度") or (unit == "度" and "零下" in match.string[max(0, match.start() - 2) : match.start()]):
        said = quantity(written, unit, minus="零下")
    else:
        said = quantity(written, unit)
    said += unit
    return said + "".join("每" + _divisor(per) for per in match.groups()[2:] if per)


def _say_range(match: re.Match[str]) -> str:
    """Say ``5kg-10kg`` and ``-3℃~4℃``."""
    unit = UNITS[match[2]]
    minus = "零下" if unit.endswith("氏度") else "负"
    if match[1].startswith("-"):
        return f"{quantity(match[1], unit, minus=minus)}{unit}到{quantity(match[3], unit, minus=minus)}{unit}"
    return f"{quantity(match[1], unit)}到{quantity(match[3], unit)}{unit}"


def _say_chinese_rate(match: re.Match[str]) -> str:
    """Say ``8000元/平方米`` and ``3次/天``."""
    return f"{quantity(match[1], match[2])}{match[2]}每{_divisor(match[3])}"


def _say_angle(match: re.Match[str]) -> str:
    said = number(match[1]) + "度"
    if match[2]:
        said += number(match[2]) + "分"
    if match[3]:
        said += number(match[3]) + "秒"
    return said


def _say_hours(match: re.Match[str]) -> str:
    said = quantity(match[1], "小时") + "小时" + cardinal(match[2]) + "分"
    return said + (cardinal(match[3]) + "秒" if match[3] else "钟")


def _say_sizes(match: re.Match[str]) -> str:
    """Say ``20×30×40cm``: the unit once, at the end."""
    return "乘".join(number(part) for part in re.split(r" ?[x×*X] ?", match[1])) + UNITS[match[2]]


def _say_generation(match: re.Match[str]) -> str:
    """Say ``5g网络``: a generation of telephones, not grams."""
    return cardinal(match[1]) + "G"


_POWERS = str.maketrans("²³", "23")


def _say_powered(match: re.Match[str]) -> str:
    return match[1] + {"²": "2", "³": "3"}[match[2]]


MEASURES = (
    Rule(rf"(?<=[0-9][万亿]) ?({_UNIT}){_END}", lambda m: UNITS[m[1]], "万亿"),
    Rule(
        r"(?<![0-9A-Za-z.])([0-9]{1,3}(?:\.[0-9]{1,2})?)V ?([/×x]?) ?([0-9]{1,3}(?:\.[0-9]{1,2})?)A(?![A-Za-z0-9])",
        lambda m: f"{number(m[1])}伏{number(m[3])}安",
        "V",
    ),
    Rule(
        r"(?<![0-9A-Za-z/])(kg|g|mg|μg|km|m|cm|mol|mmol|W|J|kWh|N)/(m2|m3|m²|m³|L|h|s|mL|kg|d|min|km|cm2|cm3|cm²|cm³|K)(?![A-Za-z0-9²³])",
        lambda m: f"{UNITS[m[1]]}每{_divisor(m[2].translate(_POWERS))}",
        "/",
    ),
    Rule(
        r"(?<![0-9A-Za-z.])([2-6])([gG])(?=网|手机|时代|信号|基站|套餐|通信|技术|流量|用户|商用|频段|芯片)", _say_generation, "gG"
    ),
    Rule(r"(?<![0-9A-Za-z.])([46])[sS](?=店)", lambda m: cardinal(m[1]) + "S", "sS"),
    Rule(r"(?<![A-Za-z])((?:k|d|c|m|h)?m|s)([²³])", _say_powered, "²³"),
    Rule(
        r"(?<![0-9A-Za-z.])([0-9]{1,3}(?:\.[0-9]{1,8})?)°(?: ?([0-5]?[0-9](?:\.[0-9]{1,6})?)['′’])(?: ?([0-5]?[0-9](?:\.[0"
        r"-9]{1,6})?)(?:\"|″|”))?",
        _say_angle,
        "°",
    ),
    Rule(
        r"(?<![0-9A-Za-z.])([0-9]{1,3}) ?h(?:r|rs)? ?([0-5]?[0-9]) ?m(?:in)?(?: ?([0-5]?[0-9]) ?s(?:ec)?)?(?![A-Za-z0-9])",
        _say_hours,
        "h",
    ),
    Rule(
        rf"(?<![0-9A-Za-z.])([0-9]{{1,6}}(?:\.[0-9]{{1,4}})?(?: ?[x×*X] ?[0-9]{{1,6}}(?:\.[0-9]{{1,4}})?){{1,3}}) ?({_UNIT}"
        rf"){_END}",
        _say_sizes,
        "x×*X",
    ),
    Rule(rf"({QUANTITY}) ?({_UNIT}) ?[-~到至] ?(-?[0-9]{{1,12}}(?:\.[0-9]{{1,8}})?) ?\2{_END}", _say_range, "-~到至"),
    Rule(
        rf"({QUANTITY}) ?({_UNIT})(?: ?/ ?({_alternatives(_AFTER_SLASH)}|{_UNIT}|{_CHINESE_AFTER})(?:/(d|h|min|kg|天|日|"
        rf"次))?(?![A-Za-z0-9])|(?![A-Za-z0-9²³/])|(?=/(?![A-Za-z])))",
        _say_unit,
        _FIRST,
    ),
    Rule(
        rf"({QUANTITY}) ?([一-鿿]{{1,3}}) ?/ ?({_alternatives(_AFTER_SLASH)}|{_UNIT}|{_CHINESE_AFTER})(?![A-Za-z0-9])",
        _say_chinese_rate,
        "/",
    ),
    Rule(
        rf"(元|万元|次|人|个|吨|分|粒|片) ?/ ?({_CHINESE_AFTER}|{_UNIT})(?![A-Za-z0-9])",
        lambda m: f"{m[1]}每{UNITS.get(m[2], m[2])}",
        "/",
    ),
    Rule(
        rf"(温[^，。！？；\n]{{0,6}}?)(-(?:{NUM})(?:[-~到至]-?{NUM})?)(?=度)",
        lambda m: m[1] + quantity(m[2], "度", minus="零下"),
        "度",
    ),
    Rule(r"(?<![A-Za-z0-9])([kdcm]?m[23])(?![A-Za-z0-9])", lambda m: UNITS[m[1]], "m"),
    Rule(r"℃|°C(?![A-Za-z])", lambda m: "摄氏度", "℃°"),
    Rule(r"℉|°F(?![A-Za-z])", lambda m: "华氏度", "℉°"),
)
