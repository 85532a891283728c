/** From text to sentences of words with pinyin and pauses, and from words to the phones that a voice reads. */
(function (tingshuo) {
  "use strict";

  const SCAN = new RegExp(
    "(?<hanzi>[\\u3400-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{323af}〇]+)" +
      "|(?<latin>[A-Za-zÀ-ÖØ-öø-ž]+(?:['’\\-‐][A-Za-zÀ-ÖØ-öø-ž]+)*)|(?<digits>[0-9]+)|(?<other>.)",
    "gsu",
  );
  const HANZI = /^[\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{323af}〇]$/u;
  const PAUSES_OF_LINES = { line: 450, paragraph: 700 };

  /**
   * @typedef {Object} Word
   * @property {string} text
   * @property {{char: string, pinyin: string, tone: number, phones: string[]}[]} syllables empty for a pause
   * @property {number} pause_ms
   */

  /** The text side of a voice. */
  class Frontend {
    /** @param {object} lexicon @param {object} polyphones @param {boolean} english whether the voice has English phones */
    constructor(lexicon, polyphones, english) {
      [this.lexicon, this.polyphones, this.english] = [lexicon, polyphones, english];
      this.dropped = new Set();
      this.spelled = new Set();
    }

    /** What the last text asked for and did not get, in Chinese: a sentence each. */
    get warnings() {
      const list = (what) => [...what].join(" ");
      return [
        this.dropped.size && `没有念出来的字符：${list(this.dropped)}`,
        this.spelled.size && `这个声音没有英语音素，这些词逐字母念：${list(this.spelled)}`,
      ].filter(Boolean);
    }

    /**
     * Turn a text into sentences, each when it is asked for.
     * @param {string} text
     * @returns {Generator<{source: string, words: Word[]}>}
     */
    *sentences(text) {
      this.dropped.clear();
      this.spelled.clear();
      let spoken = false;
      for (const { line, border } of linesOf(text)) {
        const pieces = tingshuo.split(line, this.lexicon, spoken ? 0 : tingshuo.tables.split.FIRST_BUDGET);
        for (const [k, [start, end]] of pieces.entries()) {
          const pause_ms = k + 1 === pieces.length ? (PAUSES_OF_LINES[border] ?? 0) : 0;
          for (const words of this.#cutLong(this.words(line.slice(start, end), pause_ms))) {
            if (!words.some((word) => word.syllables.length)) continue;
            spoken = true;
            yield { source: line.slice(start, end).trim(), words };
          }
        }
      }
    }

    /**
     * Words of one sentence.
     * @param {string} text as written
     * @param {number} pause_ms shortest pause at the end
     * @returns {Word[]}
     */
    words(text, pause_ms = 0) {
      const items = this.#pronounce(tingshuo.normalize(text.trim(), (char) => this.dropped.add(char)));
      while (items.length && !items[0].syllables.length) items.shift();
      if (pause_ms && items.length) {
        const last = items.at(-1);
        if (last.syllables.length) items.push({ text: "", syllables: [], pause_ms });
        else last.pause_ms = Math.max(last.pause_ms, pause_ms);
      }
      return items;
    }

    #pronounce(text) {
      const chars = Array.from(text);
      const pieces = [];
      for (const match of text.matchAll(SCAN)) {
        const [kind, found] = Object.entries(match.groups).find(([, value]) => value !== undefined);
        pieces.push({ kind, found, at: match.index, start: pieces.length ? pieces.at(-1).end : 0, end: 0 });
        pieces.at(-1).end = pieces.at(-1).start + Array.from(found).length;
      }
      const runs = new Map();
      for (const { kind, found, start } of pieces) {
        if (kind === "hanzi") runs.set(start, { start, tokens: tingshuo.segment(Array.from(found), this.lexicon) });
      }
      const readings = tingshuo.readCharacters([...runs.values()], chars, this.lexicon, this.polyphones);
      const items = pieces.flatMap((piece) => {
        if (piece.kind === "hanzi") return this.#hanzi(runs.get(piece.start), readings);
        if (piece.kind === "latin") return this.#latin(piece.found, text.slice(piece.at + piece.found.length));
        if (piece.kind === "digits") return this.#digits(piece.found);
        return this.#other(piece, chars);
      });
      return this.#joined(items);
    }

    /** Apply sandhi between pauses, and join pauses in a row. */
    #joined(items) {
      const words = [];
      let phrase = [];
      const finish = () => {
        tingshuo.applySandhi(phrase, this.lexicon);
        words.push(...phrase.map(finished));
        phrase = [];
      };
      for (const item of items) {
        if (item.places) {
          phrase.push(item);
          continue;
        }
        finish();
        const last = words.at(-1);
        if (last && !last.syllables.length) last.pause_ms = Math.max(last.pause_ms, item.pause_ms);
        else words.push({ text: item.text, syllables: [], pause_ms: item.pause_ms });
      }
      finish();
      return words;
    }

    #hanzi({ start, tokens }, readings) {
      return tokens.flatMap((token) => {
        const places = Array.from(token.text).flatMap((char, k) => {
          const pinyin = readings.get(start + token.start + k);
          if (pinyin) return [place(char, pinyin)];
          this.dropped.add(char);
          return [];
        });
        return places.length ? [{ text: token.text, tag: token.entry.tag, foreign: false, places }] : [];
      });
    }

    #latin(word, after) {
      const draft = { text: word, tag: "x", foreign: true, places: [] };
      if (this.english) {
        const following = /^ +([A-Za-zÀ-ÖØ-öø-ž]+)/.exec(after)?.[1] ?? "";
        draft.places = tingshuo.sayEnglish(word, following);
      } else {
        const { pinyin, spelled } = tingshuo.sayInMandarin(word);
        draft.places = pinyin.map((one) => place("", one));
        if (spelled) this.spelled.add(word);
      }
      if (!draft.places.length) this.dropped.add(word);
      return draft.places.length ? [draft] : [];
    }

    #digits(found) {
      const places = Array.from(found, (digit) => place(digit, this.lexicon.readings("零一二三四五六七八九"[digit])[0]));
      return [{ text: found, tag: "m", foreign: true, places }];
    }

    #other({ found, start }, chars) {
      let pause_ms = tingshuo.tables.g2p.PAUSES_MS[found];
      if (pause_ms === undefined) {
        this.dropped.add(found);
        return [];
      }
      const between = HANZI.test(chars[start - 1] ?? "") && HANZI.test(chars[start + 1] ?? "");
      if (/\s/.test(found) && !pause_ms && between) pause_ms = tingshuo.tables.g2p.BLANK_MS;
      return pause_ms ? [{ text: found, pause_ms }] : [];
    }

    /** Cut what came out longer than estimated after a pause, else between words. */
    *#cutLong(words) {
      const most = tingshuo.tables.phrase.MAX_SYLLABLES;
      let [part, count] = [[], 0];
      for (const word of words) {
        const size = word.syllables.length;
        if (count + size > most && part.length) {
          const pause = part.findLastIndex((one) => !one.syllables.length) + 1 || part.length;
          yield part.slice(0, pause);
          part = part.slice(pause);
          count = part.reduce((sum, one) => sum + one.syllables.length, 0);
        }
        part.push(word);
        count += size;
      }
      if (part.length) yield part;
    }
  }

  const place = (char, pinyin) => ({ char, body: pinyin.slice(0, -1), tone: Number(pinyin.at(-1)) });

  function finished(draft) {
    const syllables = draft.places.map((one) =>
      one.phones ? one : { char: one.char, pinyin: one.body + one.tone, tone: one.tone, phones: phonesOf(one.body) },
    );
    return { text: draft.text, syllables, pause_ms: 0 };
  }

  function phonesOf(body) {
    const { syllables, erhua } = tingshuo.tables;
    if (Object.hasOwn(syllables, body)) return syllables[body];
    return [...syllables[body.slice(0, -1)], erhua];
  }

  /** Lines with text, and what ends each: a line, a paragraph (a blank line), or nothing. */
  function linesOf(text) {
    const parts = text.split(/(\r\n|[\n\r\u2028\u2029](?:\s*))/);
    const lines = [];
    for (let i = 0; i < parts.length; i += 2) {
      const breaks = (parts[i + 1]?.match(/\r\n|[\n\r\u2028\u2029]/g) ?? []).length;
      if (parts[i].trim()) lines.push({ line: parts[i], border: "" });
      if (lines.length && breaks && lines.at(-1).border !== "paragraph") lines.at(-1).border = breaks > 1 ? "paragraph" : "line";
    }
    return lines;
  }

  /** @returns {Promise<Frontend>} */
  tingshuo.openFrontend = async function (english) {
    const [lexicon, polyphones] = await Promise.all([tingshuo.openLexicon(), tingshuo.openPolyphones()]);
    if (english) await tingshuo.openEnglish();
    return new Frontend(lexicon, polyphones, english);
  };

  /**
   * Phones of a sentence, silence before and after.
   * @param {Word[]} words
   * @param {string[]} phonemes the voice's table
   * @returns {{ids: number[], tones: number[], positions: number[], words: number[], pauses_ms: number[]}} of equal length
   */
  tingshuo.encode = function (words, phonemes) {
    const { SILENCE, PAUSE } = tingshuo.tables.symbols;
    const out = { ids: [], tones: [], positions: [], words: [], pauses_ms: [] };
    const add = (phone, tone, position, word, pause_ms) => {
      const id = phonemes.indexOf(phone);
      if (id < 0) throw new Error(`这个声音没有音素 ${phone}`);
      [id, tone, position, word, pause_ms].forEach((value, i) => Object.values(out)[i].push(value));
    };
    let asked = 0;
    words.forEach((word, w) => {
      if (!word.syllables.length) {
        asked = Math.max(asked, word.pause_ms);
        return;
      }
      if (!out.ids.length) add(SILENCE, 0, 0, -1, asked);
      else if (asked) add(PAUSE, 0, 0, -1, asked);
      asked = 0;
      word.syllables
        .flatMap(({ phones, tone }) => phones.map((phone) => [phone, tone]))
        .forEach(([phone, tone], i) => {
          add(phone, tone, i ? 2 : 1, w, 0);
        });
    });
    add(SILENCE, 0, 0, -1, asked);
    return out;
  };
})((globalThis.tingshuo ??= {}));
