/** Latin words as syllables: English phones for voices that have them, else the names of the letters in Mandarin. */
(function (tingshuo) {
  "use strict";

  const SPOKEN_PIECE = /[A-Z]+(?![a-z'])|[A-Z]?[a-z][a-z']*|[A-Z]/g;
  let dictionary = "";
  let rules = [];

  /** Read the pronouncing dictionary and the rules for words that it lacks. */
  tingshuo.openEnglish = async function () {
    dictionary = `\n${await tingshuo.text("english")}\n${await tingshuo.text("english-rest")}\n`;
    rules = tingshuo.tables.loanwords.RULES.map(([pattern, phones]) => [new RegExp(pattern, "y"), phones]);
  };

  /**
   * Say a Latin word in English.
   * @param {string} word
   * @param {string} following the Latin word after it, when nothing but a blank parts them
   * @returns {{letters: string, pinyin: string, tone: number, phones: string[]}[]} syllables, empty when there is nothing to say
   */
  tingshuo.sayEnglish = function (word, following = "") {
    const plain = tingshuo.fold(word);
    const lower = plain.toLowerCase();
    const { WEAK } = tingshuo.tables.englishwords;
    const small = following && following[0] === following[0].toLowerCase();
    if (following && WEAK.includes(lower) && (word !== word.toUpperCase() || small)) {
      return syllables(weak(lower, tingshuo.fold(following).toLowerCase()));
    }
    const known = whole(plain);
    return known.length ? syllables(known) : (plain.match(SPOKEN_PIECE) ?? []).flatMap(sayPiece);
  };

  /** A word in plain letters: accents and typographic apostrophes gone. */
  tingshuo.fold = (word) =>
    word
      .replaceAll("’", "'")
      .normalize("NFKD")
      .replace(/[^\x00-\x7f]/g, "");

  /**
   * Pinyin of a Latin word for a voice without English phones: of a few words as a whole, of others letter by letter.
   * @returns {{pinyin: string[], spelled: boolean}}
   */
  tingshuo.sayInMandarin = function (word) {
    const { HAND, SMALL, LETTERS } = tingshuo.tables.english;
    const key = tingshuo
      .fold(word)
      .toLowerCase()
      .replace(/[^a-z]/g, "");
    const known = HAND[key] ?? (word === word.toUpperCase() ? undefined : SMALL[key]);
    if (known) return { pinyin: known, spelled: false };
    return { pinyin: Array.from(key).flatMap((letter) => LETTERS[letter]), spelled: key.length > 3 };
  };

  const bare = (phone) => phone.replace(/[012]$/, "");
  const isVowel = (phone) => tingshuo.tables.arpabet.VOWELS.includes(bare(phone));

  function weak(word, following) {
    if (word === "a") return ["AH0"];
    if (word === "the") return ["DH", /^[aeiou]/.test(following) ? "IY0" : "AH0"];
    return lookUp(word).map((phone) => (isVowel(phone) ? bare(phone) + "0" : phone));
  }

  /** Phones of a word that a table has; none where it is spelled, or has to be cut. */
  function whole(word) {
    const { SAID, SPELLED } = tingshuo.tables.englishwords;
    const key = word.toLowerCase().replace(/[^a-z]/g, "");
    if (key.length < 2 || SPELLED.includes(key)) return [];
    if (Object.hasOwn(SAID, key)) return SAID[key];
    if (word === word.toUpperCase() && (key.length < 4 || !/[aeiouy]/.test(key))) return [];
    return lookUp(word.toLowerCase());
  }

  function lookUp(word) {
    const { SAID } = tingshuo.tables.englishwords;
    const key = word.replaceAll("'", "");
    for (const one of [word, key]) {
      if (Object.hasOwn(SAID, one)) return SAID[one];
      const at = dictionary.indexOf(`\n${one} `);
      if (at >= 0) return fromNotation(dictionary.slice(at + one.length + 2, dictionary.indexOf("\n", at + 1)));
    }
    for (const ending of ["'s", "'"]) {
      const base = word.endsWith(ending) ? lookUp(word.slice(0, -ending.length)) : [];
      if (base.length) return word.endsWith("s'") ? base : [...base, ...sAfter(base.at(-1))];
    }
    const base = key.length > 3 && /[^s]s$/.test(key) ? lookUp(key.slice(0, -1)) : [];
    return base.length ? [...base, ...sAfter(base.at(-1))] : [];
  }

  function sAfter(phone) {
    if (["S", "Z", "SH", "ZH", "CH", "JH"].includes(phone)) return ["IH0", "Z"];
    return ["P", "T", "K", "F", "TH"].includes(phone) ? ["S"] : ["Z"];
  }

  function fromNotation(written) {
    const { SYMBOLS } = tingshuo.tables.arpabet;
    const out = [];
    for (const char of written) {
      if (char === "1" || char === "2") out.push(bare(out.pop()) + char);
      else out.push(isVowel(SYMBOLS[char]) ? `${SYMBOLS[char]}0` : SYMBOLS[char]);
    }
    return out;
  }

  function sayPiece(piece) {
    const known = whole(piece);
    if (known.length) return syllables(known);
    const letters = piece.toLowerCase().replace(/[^a-z]/g, "");
    const spelled = piece === piece.toUpperCase() || tingshuo.tables.englishwords.SPELLED.includes(letters);
    if (spelled || letters.length < 2 || !/[aeiouy]/.test(letters)) return spellOut(letters);
    return syllables(fromNotation(guess(letters)));
  }

  /** Name letters one by one; the last has the main stress. */
  function spellOut(letters) {
    const names = Array.from(letters, (letter) => tingshuo.tables.englishwords.LETTERS[letter]);
    return names.flatMap((phones, i) => syllables(i + 1 < names.length ? phones.map((p) => p.replace("1", "2")) : phones));
  }

  /** Guess the phones of a word of small letters; the first vowel is stressed. */
  function guess(word) {
    let out = "";
    for (let i = 0; i < word.length;) {
      const rule = rules.find(([pattern]) => {
        pattern.lastIndex = i;
        return pattern.test(word);
      });
      out += rule?.[1] ?? "";
      i = rule ? Math.max(rule[0].lastIndex, i) : i + 1;
    }
    return out.replace(new RegExp(`[${tingshuo.tables.loanwords.VOWELS}]`), (vowel) => `${vowel}1`);
  }

  /** Cut phones into syllables of one vowel each: consonants go to the next vowel as far as English words can begin with them. */
  function syllables(phones) {
    const vowels = phones.flatMap((phone, k) => (isVowel(phone) ? [k] : []));
    const starts = [0];
    for (let i = 1; i < vowels.length; i++) starts.push(vowels[i] - onset(phones.slice(vowels[i - 1] + 1, vowels[i])));
    return starts.map((start, i) => syllable(phones.slice(start, starts[i + 1]))).filter((one) => one.phones.length);
  }

  function onset(consonants) {
    for (const n of [3, 2]) {
      const last = consonants.slice(-n).join(" ");
      if (consonants.length >= n && tingshuo.tables.arpabet.ONSETS.some((one) => one.join(" ") === last)) return n;
    }
    return consonants.length && consonants.at(-1) !== "NG" ? 1 : 0;
  }

  function syllable(phones) {
    const stress = phones.find(isVowel)?.at(-1) ?? "0";
    const tone = tingshuo.tables.arpabet.STRESSES[stress];
    return { char: "", pinyin: phones.join(" "), tone, phones: phones.map((phone) => `en:${bare(phone)}`) };
  }
})((globalThis.tingshuo ??= {}));
