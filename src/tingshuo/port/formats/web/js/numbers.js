/** Numbers as they are said in Chinese; the readings of tingshuo.text.rules.numbers. */
(function (tingshuo) {
  "use strict";

  const DIGITS = "零一二三四五六七八九";
  const PLACES = ["", "十", "百", "千"];
  const GROUPS = ["", "万", "亿", "万亿"];
  const LONGEST = 16;

  /** Pattern of an unsigned number, with or without grouping commas and decimals. */
  tingshuo.NUM = "(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\\.[0-9]+)?";
  /** Pattern of what a number may not stand behind. */
  tingshuo.START = "(?<![0-9A-Za-z.])";
  /** Pattern of a number or a range of two, signed or not. */
  tingshuo.QUANTITY = `${tingshuo.START}(?:(?<![)）])-)?${tingshuo.NUM}(?:[-~到至]-?${tingshuo.NUM})?`;

  /** Say digits one by one; with `yao` 1 is 幺, as in telephone numbers. */
  tingshuo.spell = (digits, yao = false) => digits.replace(/[0-9]/g, (digit) => (yao && digit === "1" ? "幺" : DIGITS[digit]));

  /**
   * Say an integer as a quantity: 10500 is 一万零五百, 2000 两千; with leading zeros digit by digit.
   * @param {string} written ASCII digits with or without grouping commas
   */
  tingshuo.cardinal = function (written) {
    const digits = written.replaceAll(",", "");
    if ((digits.length > 1 && digits[0] === "0") || digits.length > LONGEST) return tingshuo.spell(digits);
    if (digits === "0") return "零";
    const groups = [];
    for (let end = digits.length; end > 0; end -= 4) groups.push(digits.slice(Math.max(0, end - 4), end));
    let [spoken, gap] = ["", false];
    for (let index = groups.length - 1; index >= 0; index--) {
      const group = groups[index].replace(/^0+/, "");
      if (group) {
        const name = index === 3 && /[1-9]/.test(groups[2]) ? "万" : GROUPS[index];
        spoken += (spoken && (gap || group.length < 4) ? "零" : "") + belowTenThousand(group) + name;
      }
      gap = !group;
    }
    return spoken.replace(/^一十/, "十").replace(/^二(?=[千万亿])/, "两");
  };

  function belowTenThousand(group) {
    let [spoken, zero] = ["", false];
    Array.from(group).forEach((digit, i) => {
      if (digit !== "0") spoken += (zero && spoken ? "零" : "") + DIGITS[digit] + PLACES[group.length - 1 - i];
      zero = digit === "0";
    });
    return spoken;
  }

  /** Say an integer whose leading zeros say nothing: the month 05 is 五. */
  tingshuo.whole = (digits) => tingshuo.cardinal(digits.replace(/^0+(?=[0-9])/, ""));

  /** Say an unsigned number: 12,345.60 is 一万二千三百四十五点六零. */
  tingshuo.number = function (written) {
    const [whole, decimals] = written.split(".");
    return tingshuo.cardinal(whole) + (decimals === undefined ? "" : `点${tingshuo.spell(decimals)}`);
  };

  /**
   * Say a number or range that `QUANTITY` matched.
   * @param {string} written
   * @param {string} after the spoken unit or the text that follows: 2 is 两 before a measure word
   * @param {string} minus 负, or 零下 for temperatures
   */
  tingshuo.quantity = function (written, after = "", minus = "负") {
    const [first, second] = tingshuo.splitRange(written);
    if (second === undefined) return signed(first, after, minus);
    const plus = minus === "零下" && first.startsWith("-") && !second.startsWith("-") ? "零上" : "";
    return `${signed(first, after, minus)}到${plus}${signed(second, after, minus)}`;
  };

  /** The two ends of a match of `QUANTITY`, or the one number. */
  tingshuo.splitRange = (written) => written.split(/(?<=[0-9])[-~到至]/);

  function signed(written, after, minus) {
    const digits = written.replace(/^-+/, "");
    const sign = digits === written ? "" : minus;
    return sign + (digits === "2" && tingshuo.takesLiang(after) ? "两" : tingshuo.number(digits));
  }

  /** Whether 2 is said 两 before this text: before measure words, not before 月 号 楼. */
  tingshuo.takesLiang = function (after) {
    const { ONE, NOT, TWO } = tingshuo.tables.numbers;
    const begins = (words) => words.some((word) => after.startsWith(word));
    if (begins(NOT) && !begins(TWO)) return false;
    if (after.startsWith("栋")) return after.startsWith("栋楼");
    return (after !== "" && ONE.includes(after[0])) || /^(?:[GTMK]B|比特|比索)/.test(after);
  };
})((globalThis.tingshuo ??= {}));
