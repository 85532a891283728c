/** How tones change in speech: neutral tones, 一 and 不, erhua, third tones; the rules of tingshuo.text.sandhi.
 *
 * A draft is a word while its sound is being worked out: `text`, `tag`, `foreign`, and `places`, its syllables, each with `char`,
 * `body` (pinyin without tone) and `tone`. */
(function (tingshuo) {
  "use strict";

  /**
   * Turn the citation tones of the words between two pauses into spoken ones, in place.
   * @param {object[]} words drafts
   * @param {object} lexicon
   */
  tingshuo.applySandhi = function (words, lexicon) {
    neutralise(words);
    changeYiAndBu(words);
    mergeErhua(words);
    changeThirdTones(words, lexicon);
  };

  const characters = (word) => Array.from(word.text);

  function neutralise(words) {
    const { RISING, EVERY, MODALS, PASSING, DIRECTIONS } = tingshuo.tables.sandhi;
    words.forEach((word, i) => {
      if (word.foreign) return;
      const { places, text } = word;
      const n = places.length;
      const before = words[i - 1];
      const afterVerb = before && before.tag === "v" && !MODALS.includes(before.text);
      if (n >= 2 && RISING.some((one) => text.endsWith(one)) && places[n - 2].tone === 3 && places[n - 1].tone === 5) {
        places[n - 2].tone = 2;
      }
      if ((n === 2 || n === 3) && places[0].char === places[1].char && word.tag === "v" && !EVERY.includes(text)) {
        reduplicate(places[0], places[1]);
      } else if (!before || before.foreign) {
        return;
      } else if (n === 1 && text === before.text && word.tag === "v") {
        reduplicate(before.places[0], places[0]);
      } else if (text === "过" && afterVerb) {
        if (!PASSING.includes(words[i + 1]?.text)) places[0].tone = 5;
      } else if (DIRECTIONS.includes(text) && afterVerb) {
        places[1].tone = 5;
      }
    });
  }

  /** 看看 kan4 kan5; a third tone rises first as if the second were still one: 想想 xiang2 xiang5. */
  function reduplicate(first, second) {
    if (first.tone === 3) first.tone = 2;
    second.tone = 5;
  }

  function changeYiAndBu(words) {
    const places = words.flatMap((word) => word.places.map((place, i) => ({ place, word, i })));
    const text = places.map(({ place }) => (Array.from(place.char).length === 1 ? place.char : "\0"));
    places.forEach(({ place, word }, k) => {
      if (word.foreign) return;
      if (place.char === "一" && place.body === "yi" && place.tone === 1) place.tone = toneOfYi(text, k, places);
      else if (place.char === "不" && place.body === "bu" && place.tone === 4) place.tone = toneOfBu(text, k, places);
    });
  }

  const isDigit = (char) => char !== undefined && tingshuo.tables.sandhi.DIGITS.includes(char);

  function toneOfYi(text, k, places) {
    const [before, after] = [text[k - 1], text[k + 1]];
    const { word, i } = places[k];
    if (before && before === after && !isDigit(before) && !isDigit(text[k - 2])) return 5; // 看一看, but 一个一个
    if (!after || isNumberOne(text, k, places)) return 1;
    const endsWord = i === word.places.length - 1 && i > 0;
    if (endsWord && !tingshuo.tables.sandhi.LOOSE_ONE.includes(word.text) && word.tag !== "m") return 1; // 统一
    const next = places[k + 1].place;
    return next.tone === 4 || (next.tone === 5 && next.char === "个") ? 2 : 4;
  }

  /** Whether 一 is a numeral that is read off: 第一, 十一, 一月, 一二三. */
  function isNumberOne(text, k, places) {
    const { ORDINAL_AFTER, NOT_ORDINAL_AFTER } = tingshuo.tables.sandhi;
    const [before = "", after = ""] = [text[k - 1], text[k + 1]];
    const rest = text.slice(k + 1).join("");
    const left = text.slice(Math.max(k - 2, 0), k).join("");
    if (before && ("第初十零〇幺".includes(before) || /(?:星期|周|礼拜)$/.test(left))) return true;
    if (after && "零〇一二两三四五六七八九幺点".includes(after) && !/^(?:两|点儿)/.test(rest)) {
      return after !== "点" || isDigit(text[k + 2]);
    }
    if (before && "一二三四五六七八九".includes(before)) {
      if (places[k].i || Array.from(places[k - 1].word.text).every(isDigit)) return true; // digits one by one
    }
    if (before === "点" && isDigit(text[k - 2])) return !rest.startsWith("刻");
    if (after === "十" && before && "百千万".includes(before)) return true;
    if (after === "日") return before === "月";
    const begins = (list) => list.some((one) => rest.startsWith(one));
    return begins(ORDINAL_AFTER) && !begins(NOT_ORDINAL_AFTER);
  }

  function toneOfBu(text, k, places) {
    const [before, after] = [text[k - 1], text[k + 1]];
    const { word, i } = places[k];
    if (before && before === after) return 5; // 看不看
    if (characters(word)[1] === "不" && word.places.length === 3 && i === 1 && !isDigit(before)) return 5; // 差不多
    return after && places[k + 1].place.tone === 4 ? 2 : 4;
  }

  /** Join every 儿 that only colours the syllable before it to that syllable. */
  function mergeErhua(words) {
    for (let w = words.length - 1; w >= 0; w--) {
      const word = words[w];
      if (word.foreign) continue;
      for (let i = word.places.length - 1; i >= 0; i--) {
        if (word.places[i].char !== "儿") continue;
        const last = i === word.places.length - 1;
        if (i && (word.places[i].body === "r" || (last && isColoured(word)))) {
          join(word.places[i - 1], word, i);
        } else if (i === 0 && word.places.length === 1 && w && mayBeColoured(words[w - 1])) {
          words[w - 1].text += word.text;
          join(words[w - 1].places.at(-1), word, 0);
        }
      }
      if (!word.places.length) words.splice(w, 1);
    }
  }

  /** Whether the 儿 at the end of a word colours: 花儿 yes, 女儿 no. */
  function isColoured(word) {
    const { FULL_ER, BEFORE_FULL_ER } = tingshuo.tables.sandhi;
    if (FULL_ER.includes(word.text) || "NSTZ".includes(word.tag)) return false;
    return !BEFORE_FULL_ER.includes(characters(word).at(-2)) || ["为儿", "小孩儿", "女孩儿", "男孩儿"].includes(word.text);
  }

  function mayBeColoured(host) {
    const full = tingshuo.tables.sandhi.BEFORE_FULL_ER.includes(host.places.at(-1)?.char);
    return host.places.length > 0 && !host.foreign && !"NSTZ".includes(host.tag) && !full;
  }

  function join(place, word, k) {
    if (place.body.endsWith("r")) return;
    place.body += "r";
    place.char += word.places[k].char;
    word.places.splice(k, 1);
  }

  function changeThirdTones(words, lexicon) {
    const feet = feetOf(words, lexicon);
    const rise = (a, b) => {
      if (a.place.tone === 3 && b.place.tone === 3 && !a.word.foreign) a.place.tone = 2;
    };
    for (const foot of feet) for (let i = 0; i + 1 < foot.length; i++) rise(foot[i], foot[i + 1]);
    for (let i = feet.length - 2; i >= 0; i--) rise(feet[i].at(-1), feet[i + 1][0]);
  }

  /** Cut a phrase into feet of one or two syllables: inside words by their structure, single syllables in pairs. */
  function feetOf(words, lexicon) {
    const feet = [];
    let single = [];
    const flush = () => {
      feet.push(...pairs(single));
      single = [];
    };
    for (const word of words) {
      if (word.places.length === 1 && !word.foreign) {
        single.push(word);
        continue;
      }
      flush();
      const spots = word.places.map((place) => ({ place, word }));
      for (const [from, to] of partsOf(word, lexicon)) feet.push(spots.slice(from, to));
    }
    flush();
    return feet;
  }

  /** Pair words of one syllable from the left; one that leans to the right (我|很好) or a leading pronoun stays out. */
  function pairs(single) {
    const feet = [];
    for (let i = 0; i < single.length;) {
      const odd = (single.length - i) % 2 === 1;
      const last = i + 1 === single.length;
      const leans = () => single[i].tag === "r" || tingshuo.tables.sandhi.LEANS_RIGHT.includes(single[i + 1].text);
      const size = last || (odd && leans()) ? 1 : 2;
      feet.push(single.slice(i, i + size).map((word) => ({ place: word.places[0], word })));
      i += size;
    }
    return feet;
  }

  function partsOf(word, lexicon) {
    const n = word.places.length;
    if (n <= 2 || word.foreign) return n ? [[0, n]] : [];
    const chars = characters(word);
    if (n === 3 && chars.length === 3) {
      const [left, right] = [lexicon.word(chars.slice(0, 2).join("")), lexicon.word(chars.slice(1).join(""))];
      if (right && (!left || right.cost < left.cost))
        return [
          [0, 1],
          [1, 3],
        ];
    }
    const parts = [];
    for (let i = 0; i < n; i += 2) parts.push([i, Math.min(i + 2, n)]);
    return parts;
  }
})((globalThis.tingshuo ??= {}));
