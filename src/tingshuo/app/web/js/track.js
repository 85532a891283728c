/**
 * What is known of one utterance: picture columns, sentences, and its characters in order of time.
 *
 * @typedef {{text: string, pinyin: string, start_s: number, end_s: number, sentence: number}} Character
 */

const MELS = 96;
const HOP = 128;
/** Waves are drawn as tall as there is room for the loudest sample, but what is quieter than this stays small. */
const QUIET = 0.2;

/** Events: `grow` (columns or characters were added), `reset`. */
export class Track extends EventTarget {
  constructor() {
    super();
    this.worker = new Worker(new URL("./analysis-worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => this.#addColumns(data));
    this.id = 0;
    this.#empty(24000);
  }

  /** @param {number} sampleRate Hz; begins a new track */
  begin(sampleRate) {
    this.id += 1;
    this.#empty(sampleRate);
    this.worker.postMessage({ id: this.id, sampleRate });
    this.dispatchEvent(new Event("reset"));
  }

  /** @param {Int16Array} pcm */
  push(pcm) {
    this.samples += pcm.length;
    this.worker.postMessage({ id: this.id, pcm });
  }

  finish() {
    this.worker.postMessage({ id: this.id, end: true });
  }

  /** @param {object} sentence as the server sends it */
  addSentence(sentence) {
    const index = this.sentences.push(sentence) - 1;
    for (const word of sentence.words) {
      const timed = word.characters.length ? word.characters : [{ ...word, pinyin: "" }];
      for (const character of timed) this.characters.push({ ...character, sentence: index });
    }
    this.dispatchEvent(new Event("grow"));
  }

  /** @param {{start_s?: number, end_s?: number} | null} label where it says that this was made by AI; null where it does not */
  setLabel(label) {
    this.label = Number.isFinite(label?.start_s) ? { startS: label.start_s, endS: label.end_s } : null;
    this.dispatchEvent(new Event("grow"));
  }

  get columnsPerS() {
    return this.sampleRate / HOP;
  }

  /** Seconds received. */
  get durationS() {
    return this.samples / this.sampleRate;
  }

  /**
   * @param {number} seconds
   * @returns {number} index of the character that sounds then, or of the last before; -1 before the first
   */
  characterAt(seconds) {
    let low = 0;
    let high = this.characters.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.characters[middle].start_s <= seconds) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /**
   * @param {number} from first column
   * @param {number} to column after the last
   * @returns {[number, number]} smallest and largest sample, -1 to 1 where 1 is the loudest of the track
   */
  envelope(from, to) {
    let low = 0;
    let high = 0;
    for (let i = Math.max(0, from); i < Math.min(to, this.columns); i += 1) {
      if (this.peaks[2 * i] < low) low = this.peaks[2 * i];
      if (this.peaks[2 * i + 1] > high) high = this.peaks[2 * i + 1];
    }
    return [low / 127 / this.loudest, high / 127 / this.loudest];
  }

  #empty(sampleRate) {
    this.sampleRate = sampleRate;
    this.nMels = MELS;
    this.samples = 0;
    this.columns = 0;
    this.mel = new Uint8Array(MELS * 2048);
    this.peaks = new Int8Array(2 * 2048);
    this.loudest = QUIET;
    this.sentences = [];
    /** @type {Character[]} */
    this.characters = [];
    this.label = null;
  }

  #addColumns({ id, columns, mel, peaks }) {
    if (id !== this.id || !columns) return;
    this.mel = grown(this.mel, (this.columns + columns) * MELS);
    this.peaks = grown(this.peaks, (this.columns + columns) * 2);
    this.mel.set(mel, this.columns * MELS);
    this.peaks.set(peaks, this.columns * 2);
    for (const peak of peaks) this.loudest = Math.max(this.loudest, Math.abs(peak) / 127);
    this.columns += columns;
    this.dispatchEvent(new Event("grow"));
  }
}

function grown(array, length) {
  if (length <= array.length) return array;
  const larger = new array.constructor(Math.max(length, 2 * array.length));
  larger.set(array);
  return larger;
}
