/**
 * Pinyin with tone digits ("zhong1", "lv4", "dianr3") to pinyin with tone marks ("zhōng", "lǜ", "diǎnr").
 * Place of the mark: on a or e, on the o of ou, else on the last vowel (GB/T 16159, Basic Rules of Pinyin Orthography).
 */

const MARKED = {
  a: "āáǎà", e: "ēéěè", i: "īíǐì", o: "ōóǒò", u: "ūúǔù", ü: "ǖǘǚǜ",
};

/**
 * @param {string} syllable small letters and a tone digit 1-5, `v` for ü; anything else, such as ARPAbet (AY1), is returned as it is
 * @returns {string}
 */
export function toneMarks(syllable) {
  const match = /^([a-zü]+)([1-5])$/.exec(syllable);
  if (!match) return syllable;
  const letters = match[1].replace(/v/g, "ü");
  const tone = Number(match[2]);
  if (tone === 5) return letters;
  const at = markedVowel(letters);
  if (at < 0) return letters;
  return letters.slice(0, at) + MARKED[letters[at]][tone - 1] + letters.slice(at + 1);
}

function markedVowel(letters) {
  const open = letters.search(/[ae]/);
  if (open >= 0) return open;
  const ou = letters.indexOf("ou");
  if (ou >= 0) return ou;
  for (let i = letters.length - 1; i >= 0; i -= 1) if (letters[i] in MARKED) return i;
  return -1;
}
