/** Rules of written forms: addresses, dates, telephones, times, amounts, units, numbers; patterns and how a match is said.
 *
 * The usual forms of tingshuo.text.rules, in the same order and with the same readings. Each rule is applied to the whole text. */
(function (tingshuo) {
  "use strict";

  const { NUM, START, QUANTITY, spell, cardinal, whole, number, quantity, splitRange } = tingshuo;
  const EDGE = "(?<![0-9A-Za-z.])";
  const MONTH = "(0?[1-9]|1[0-2])";
  const DAY = "(0?[1-9]|[12][0-9]|3[01])";
  const CLOCK = "([01]?[0-9]|2[0-4]):([0-5][0-9])(?::([0-5][0-9]))?";
  const COUNTED = "年月日人元米个万千亿名吨台辆次字美块公平部册件条只头家位张分秒点度克斤倍本亩间套集页多余份种层";
  const NAMED =
    "尾号|订单号|单号|编号|房间号|卡号|账号|学号|工号|身份证号|号码|手机号|手机|电话|微信号|微信|热线|QQ号|QQ|验证码|密码|邮编|车牌号|会议号";
  const PARTS = { "%": "百分之", "‰": "千分之" };
  const MARKS = {
    ".": "点",
    "/": "斜杠",
    ":": "冒号",
    "-": "杠",
    _: "下划线",
    "@": "艾特",
    "?": "问号",
    "=": "等于",
    "&": "和",
    "#": "井号",
    "%": "百分号",
  };

  /**
   * The rules in order: a pattern, the function that says a match, flags of the pattern beside g and u.
   * @returns {[string, function(...string): string, string=][]}
   */
  tingshuo.writtenForms = () => [...words(), ...dates(), ...codes(), ...times(), ...amounts(), ...measures(), ...rest()];

  function words() {
    const address = (written) =>
      written.replace(/[0-9]+|[^0-9A-Za-z]/gu, (one) => (/[0-9]/.test(one) ? spell(one) : (MARKS[one] ?? one)));
    const url = "[A-Za-z0-9\\-._~:/?#@!$&*+,;=%]+";
    return [
      ["(?<![A-Za-z])[Ww]i-[Ff]i(?![A-Za-z])", () => "WiFi"],
      [`(?:https?://)(${url})`, (_, rest) => address(rest.replace(/[/.,;:!?]+$/, ""))],
      ["(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]*@(?:[A-Za-z0-9-]+\\.)+[A-Za-z]{2,10}", address],
      [`(?<![A-Za-z0-9.@-])www\\.${url}`, (found) => address(found.replace(/[/.,;:!?]+$/, ""))],
      ["(?<=[0-9%℃°元年月日号时点分])(?: ?—{1,2} ?)(?=-?[0-9])", () => "-"],
      ["(?<=[0-9][万亿千元块年月日号天分级岁页章楼])[-~](?=[0-9])", () => "到"],
    ];
  }

  function dates() {
    const ymd = (_, year, __, month, day) => `${spell(year)}年${whole(month)}月${whole(day)}日`;
    const length = "多?前|来|以来|以后|后|之前|之后|间|里|内|多|余|的?历史|时间|期|的时|的光";
    return [
      [`(${EDGE}[12][0-9]{3}([-/.])${MONTH}\\2${DAY})[-~到至](?=[12][0-9]{3}\\2)`, (_, day) => `${day}到`],
      [`${EDGE}([12][0-9]{3})([-/.])${MONTH}\\2${DAY}日?(?![0-9]|[-/.][0-9])`, ymd],
      [
        `${EDGE}([0-9]{4}|[0-9]{2}) ?年 ?${MONTH} ?月 ?${DAY} ?(?=[日号])`,
        (_, y, m, d) => `${spell(y)}年${whole(m)}月${whole(d)}`,
      ],
      [`${EDGE}([0-9]{4}|[0-9]{2}) ?年 ?(?=${MONTH} ?月)`, (_, y) => `${spell(y)}年`],
      [`${EDGE}((?:19|20)[0-9]{2})[-/](0[1-9]|1[0-2])(?![0-9]|[-/.][0-9])`, (_, y, m) => `${spell(y)}年${whole(m)}月`],
      [
        `${EDGE}${MONTH} ?月 ?${DAY} ?[日号]?[-~到至]${DAY} ?([日号])`,
        (_, m, a, b, unit) => `${whole(m)}月${whole(a)}${unit}到${whole(b)}${unit}`,
      ],
      [`${EDGE}${MONTH} ?月 ?${DAY}(?![0-9.]|[个人元])`, (_, m, d) => `${whole(m)}月${whole(d)}`],
      [`${EDGE}${MONTH}[-~到至]${MONTH} ?月(?!饼)`, (_, a, b) => `${whole(a)}到${whole(b)}月`],
      [`${EDGE}(0[1-9])(?=[月日号])`, (_, d) => whole(d)],
      [
        `((?:日期|生日|截止|时间|于|在)[:：是为到]? ?)${MONTH}/${DAY}(?![0-9/]|的)`,
        (_, before, m, d) => `${before}${whole(m)}月${whole(d)}日`,
      ],
      [
        "(?<=[（(])((?:1[5-9]|20)[0-9]{2})(?:[-~]|—)((?:1[5-9]|20)[0-9]{2})?(?=[)）])",
        (_, a, b) => `${spell(a)}到${spell(b ?? "")}`,
      ],
      [
        `${EDGE}(19[0-9]{2}|20[0-4][0-9])(?=[级届款版](?![0-9])|赛季|学年|财年|新年|春节|年度|奥运|世界杯|[春夏秋冬]季)`,
        (_, y) => spell(y),
      ],
      [`${EDGE}([0-9]{2})后(?!卫|的?[天分秒个])`, (found, d) => (/^(?:[05-9][05]|[12]0)$/.test(d) ? `${spell(d)}后` : found)],
      [`${EDGE}(?:([0-9]{2})世纪)?([0-9]0)年代`, (_, c, d) => (c ? `${cardinal(c)}世纪` : "") + `${cardinal(d)}年代`],
      ["(公元前?|西元前?)([0-9]{1,4})年", (_, era, y) => `${era}${y.length > 2 ? spell(y) : cardinal(y)}年`],
      [`${EDGE}([12][0-9]{3})(年?)[-~到至]([12][0-9]{3})年`, (_, a, unit, b) => `${spell(a)}${unit}到${spell(b)}年`],
      [
        `${EDGE}([0-9]{4}) ?年(?!级)(?=((?:${length})?))`,
        (_, y, after) => `${(y % 100 === 0 && after) || y >= 3000 || y === "1000" ? cardinal(y) : spell(y)}年`,
      ],
      [`${EDGE}(0[0-9]|[6-9][0-9])年(?=出生|毕业|[春夏秋冬]|世界杯|奥运|[版款初底末生])`, (_, y) => `${spell(y)}年`],
      [
        `(自|自从|截至|截止|始于|生于|建于|成立于|毕业于|出生于|发表于|回到|在|从) ?((?:1[89]|20)[0-9]{2})(?![0-9A-Za-z%.,:：~/]|[${COUNTED}])`,
        (_, before, y) => before + spell(y),
      ],
      ["(?<=双)(1[0-2])(?![0-9.])", (_, d) => cardinal(d)],
    ];
  }

  function codes() {
    const yao = (found) => spell(found, true).replace(/[- ()]/g, "");
    return [
      ["(?<![0-9A-Za-z])\\+(86[- ]?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4})(?![0-9])", (_, digits) => `加${yao(digits)}`],
      [`${EDGE}1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}(?![0-9]|\\.[0-9])`, yao],
      [`${EDGE}[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]{4}[0-9Xx](?![0-9A-Za-z])`, yao],
      [`${EDGE}0[1-9][0-9]{1,2}[- ]?[2-9][0-9]{2,3}[- ]?[0-9]{4}(?![0-9])`, yao],
      [`${EDGE}[48]00(?:-[0-9]{3}-[0-9]{4}|-[0-9]{4}-[0-9]{3}|-[0-9]{7})(?![0-9])`, yao],
      [
        `${EDGE}(?:10010|10086|12306|12315|1234[58]|1236[5-9]|955[0-9][1-9]|11[0249]|12[0-2])(?=[”"]?(?:报警|急救|火警|指挥|电话|热线|查号|客服|平台|中心)|是)`,
        yao,
      ],
      [
        `((?:拨打|拨|打|呼叫|叫|致电|电话|热线)了?(?:急救|报警|火警|客服)?(?:电话|热线)?[“"]?)(11[0249]|12[0-2]|[0-9]{5})(?![0-9.]|[${COUNTED}])`,
        (_, before, d) => before + yao(d),
      ],
      [
        `((?:${NAMED})(?:码|为|是|[:：]|是[:：])? ?[“"]?)([0-9]+(?:[- ][0-9]+)*)(?![0-9.:%]|[${COUNTED}a-z])`,
        (found, before, d) => (d.length > 2 ? before + yao(d) : found),
      ],
      [`${EDGE}([0-9]{3,5})(?=室|房(?!间数)|号房|号病房|包间|教室|会议室|诊室)`, yao],
      [
        `((?:HTTP|http|状态码|错误码|报错?|返回了?)[^0-9，。；！？\\n]{0,6})([45]0[0-9])(?![0-9.,%年人元个条次名万])`,
        (_, before, d) => before + spell(d),
      ],
      ["(?<=[栋楼座幢])([0-9]{3,4})(?![0-9.,%]|[" + COUNTED + "])", yao],
      ["(?<![A-Za-z0-9])([GDCZTK])([0-9]{3,4})(?![0-9A-Za-z.]|国道|高速)", (_, letter, d) => letter + yao(d)],
      [
        `${EDGE}[0-9]{1,5}(?:-[0-9]{1,5}){2,8}(?![0-9-])`,
        (found) =>
          found
            .split("-")
            .map((d) => (d.length > 2 ? yao(d) : cardinal(d)))
            .join("杠"),
      ],
    ];
  }

  function times() {
    const hour = (digits) => `${quantity(whole(digits) === "二" ? "2" : digits.replace(/^0+(?=[0-9])/, ""), "点")}点`;
    const minute = (digits) => (digits[0] === "0" ? "零" + spell(digits[1]).replace("零", "") : cardinal(digits));
    const clock = (h, m, s) => hour(h) + (s && s !== "00" ? `${minute(m)}分${minute(s)}秒` : m === "00" ? "" : `${minute(m)}分`);
    const lasting = (...parts) => {
      const given = parts.filter(Boolean);
      return given.map((part, i) => whole(part) + ["小时", "分", "秒"][3 - given.length + i]).join("");
    };
    const score = "比分|战胜|击败|大胜|险胜|负于|不敌|打成|战平|总比分|逆转|落后|领先|反超|扳平|以";
    return [
      [
        `((?:${score})[^0-9，。；！？]{0,6})([0-9]{1,3})[:-]([0-9]{1,3})(?![0-9:.%-]|[年月日元级米分岁个])`,
        (_, before, a, b) => `${before}${cardinal(a)}比${cardinal(b)}`,
      ],
      [
        `((?:时长|用时|成绩|历时|耗时|全长)(?:为|是|[:：])? ?)([0-9]{1,2}):([0-5][0-9])(?::([0-5][0-9]))?(?![0-9:])`,
        (_, before, a, b, c) => before + lasting(a, b, c),
      ],
      [
        `${EDGE}(1[0-2]|0?[1-9]) ?([AaPp])\\.?[Mm](?![A-Za-z])\\.?`,
        (_, h, half) => (/a/i.test(half) ? "上午" : "下午") + hour(h),
      ],
      [`(?<![0-9A-Za-z.:])${CLOCK}[-~到至]${CLOCK}(?![0-9:])`, (_, a, b, c, d, e, f) => `${clock(a, b, c)}到${clock(d, e, f)}`],
      [
        `(?<![0-9A-Za-z.:])${CLOCK}(?![0-9:])(?:分(?![0-9之])| ?([AaPp])\\.?[Mm](?![A-Za-z])\\.?)?`,
        (_, h, m, s, half) => (half ? (/a/i.test(half) ? "上午" : "下午") : "") + clock(h, m, s),
      ],
      [`${EDGE}([01]?[0-9]|2[0-4]) ?点 ?([0-5][0-9])(?![0-9.]|[个人元天])`, (_, h, m) => hour(h) + minute(m)],
    ];
  }

  function amounts() {
    const { SYMBOLS, CODES } = tingshuo.tables.money;
    const percent = (written, sign) => {
      const digits = written.replace(/^[-+]/, "");
      const minus = { "-": "负", "+": "正" }[written[0]] ?? "";
      return minus + PARTS[sign] + (digits === "100" && sign === "%" ? "百" : number(digits));
    };
    const money = (written, unit) =>
      quantity(written.replace(/(\.[0-9]*?)0+(?![0-9])/g, "$1").replace(/\.(?![0-9])/g, ""), unit) + unit;
    const scaled = (written, power) =>
      splitRange(written)
        .map((end) => quantity(String(Math.round(Number(end.replaceAll(",", "")) * 10 ** power))))
        .join("到");
    const powers = { k: 3, K: 3, w: 4, W: 4, M: 6, million: 6, B: 9, billion: 9 };
    const symbol = "(?<![A-Za-z])((?:US|HK|NT)\\$|[$¥€£₩])";
    return [
      [`${START}(-?${NUM})([%‰]) ?[-~到至] ?(-?${NUM})([%‰])`, (_, a, x, b, y) => `${percent(a, x)}到${percent(b, y)}`],
      [
        `([-+]?${QUANTITY}) ?([%‰])`,
        (_, written, sign) =>
          splitRange(written)
            .map((end) => percent(end, sign))
            .join("到"),
      ],
      [
        `${symbol} ?(${NUM}) ?([kKMB]|million|billion)(?![A-Za-z])`,
        (_, sign, written, power) => scaled(written, powers[power]) + SYMBOLS[sign],
      ],
      [
        `(${START}[0-9.]{1,6}(?:[-~][0-9.]{1,6})?)([wWkK])(?=\\+?(?:元|块|人|粉|播放|阅读|用户|订单|赞|月薪|年薪|的?工资)|(?<=[薪资入价].{1,6})(?:[，。！？]|$))`,
        (_, written, power) => scaled(written, powers[power]),
      ],
      [
        `${symbol} ?(${NUM}(?:[-~到至]${NUM})?)((?:万亿|[万亿千百])?)(元|美元|块)?`,
        (_, sign, written, scale, unit) =>
          money(written, scale || SYMBOLS[sign]).replace(new RegExp(`${SYMBOLS[sign]}$`), "") + (unit ?? SYMBOLS[sign]),
      ],
      [`(${START}${NUM}) ?(${Object.keys(CODES).join("|")})(?![A-Za-z0-9])`, (_, written, code) => money(written, CODES[code])],
      [`${EDGE}([0-9]{1,6})块([0-9]{1,2})(?![0-9.]|[个块元])`, (_, a, b) => `${quantity(a, "块")}块${cardinal(b)}`],
      [`(${START}[0-9,]*\\.[0-9]+)(元|块|美元|欧元|英镑|港元)`, (_, written, unit) => money(written, unit)],
      [
        "第 ?([0-9]{1,8})(?:[-~到至](第?)([0-9]{1,8}))?",
        (_, a, again, b) => `第${cardinal(a)}${b ? `到${again}${cardinal(b)}` : ""}`,
      ],
      ["(?<![A-Za-z])[Nn]o\\. ?([0-9]{1,6})(?![0-9.])", (_, d) => `第${cardinal(d)}`],
      [
        `${EDGE}[0-9]{1,4}(?:\\.[0-9]{1,6}){2,5}(?![0-9]|\\.[0-9])`,
        (found) =>
          found
            .split(".")
            .map((p) => (p.length > 2 ? spell(p) : cardinal(p)))
            .join("点"),
      ],
    ];
  }

  function measures() {
    const { UNITS, AFTER_SLASH } = tingshuo.tables.units;
    const either = (names) =>
      Object.keys(names)
        .sort((a, b) => b.length - a.length)
        .join("|");
    const units = either(UNITS);
    const rate =
      "平方米|立方米|公里|千米|米|公斤|千克|斤|吨|克|毫升|升|小时|分钟|分|秒|天|日|周|月|年|人|次|个|件|台|只|张|桶|股|亩|度|瓶|盒";
    const per = (name) => `每${AFTER_SLASH[name] ?? UNITS[name]}`;
    const say = (written, name) => quantity(written, UNITS[name], UNITS[name].endsWith("氏度") ? "零下" : "负") + UNITS[name];
    return [
      [`(?<=[0-9人元/])([kcm]?m)([²³])`, (_, name, power) => name + { "²": 2, "³": 3 }[power]],
      [
        `(${QUANTITY}) ?([一-鿿]{1,3}) ?/ ?(${rate}|${units})(?![A-Za-z0-9])`,
        (_, written, name, divisor) => `${quantity(written, name)}${name}每${UNITS[divisor] ?? divisor}`,
      ],
      ["(血压[^0-9，。；！？]{0,6}[0-9]{2,3})/(?=[0-9]{2,3})", (_, before) => `${before}、`],
      [
        `(${QUANTITY}) ?(${units})/(${either(AFTER_SLASH)}|${units})(?![A-Za-z0-9²³])`,
        (_, written, name, divisor) => say(written, name) + per(divisor),
      ],
      [`(${START}-?${NUM})(${units})[-~到至](-?${NUM})\\2(?![A-Za-z0-9²³])`, (_, a, name, b) => say(`${a}~${b}`, name)],
      [`(${QUANTITY}) ?(${units})(?![A-Za-z0-9²³])`, (_, written, name) => say(written, name)],
      ["(温[^，。！？；\\n]{0,6}?)-(?=[0-9]+(?:\\.[0-9]+)?度)", (_, before) => `${before}零下`],
      [
        `${EDGE}([0-9]{1,6}(?:\\.[0-9]{1,4})?)(?: ?: ?([0-9]{1,6}(?:\\.[0-9]{1,4})?))(?![0-9:])`,
        (_, a, b) => `${number(a)}比${number(b)}`,
      ],
      ["(?<![0-9A-Za-z./])([0-9]{1,9})/([1-9][0-9]{0,8})(?![0-9/.A-Za-z])", (_, a, b) => `${cardinal(b)}分之${cardinal(a)}`],
      [
        `(?<=[0-9]) ?([+×÷=≈≠≥≤><]) ?(?=-?[0-9])`,
        (_, sign) =>
          ({
            "+": "加",
            "×": "乘",
            "÷": "除以",
            "=": "等于",
            "≈": "约等于",
            "≠": "不等于",
            "≥": "大于等于",
            "≤": "小于等于",
            ">": "大于",
            "<": "小于",
          })[sign],
      ],
    ];
  }

  function rest() {
    const beside = (digits) =>
      digits.includes(".")
        ? number(digits)
        : digits.length <= 2 || /^[1-9]0{2,4}$/.test(digits)
          ? cardinal(digits)
          : spell(digits);
    const plain = (written, offset, text) => {
      const after = text.slice(offset + written.length, offset + written.length + 6).trimStart();
      const code =
        /^[0-9]+$/.test(written) &&
        (written.length > 16 || (written.length >= 9 && !written.endsWith("0000") && !tingshuo.takesLiang(after)));
      return code ? spell(written) : quantity(written, after);
    };
    return [
      ["(?<=[A-Za-z])-?([0-9]+(?:\\.[0-9]+)?)(?![0-9])", (_, digits) => beside(digits)],
      ["(?<![0-9.])([0-9]+(?:\\.[0-9]+)?)(?=[A-Za-z])", (_, digits) => beside(digits)],
      ["(?<![0-9A-Za-z.])[1-9][0-9]{0,2}(?: [0-9]{3})+(?! ?[0-9])", (found) => found.replaceAll(" ", "")],
      ["^([0-9]{1,3})[.)）、]\\s(?=\\S)", (_, d) => `${cardinal(d)}、`, "m"],
      [QUANTITY, plain],
      ["[0-9]+", (found) => (found.length > 2 ? spell(found) : cardinal(found))],
    ];
  }
})((globalThis.tingshuo ??= {}));
