/**
 * Mel spectrogram and waveform envelope of a stream of PCM, column by column.
 *
 * Column k of the picture stands for samples [k * hop, (k + 1) * hop) and its spectrum is centred on the first of them:
 * periodic Hann window, radix-2 FFT (Cooley and Tukey 1965), triangular filters on the mel scale
 * m = 2595 log10(1 + f / 700) (O'Shaughnessy 1987), decibels, one byte a band.
 */

const FLOOR_DB = -88;
const TOP_DB = -22;

/** In-place complex FFT of a fixed power-of-two size. */
class Fft {
  /** @param {number} size power of two */
  constructor(size) {
    this.size = size;
    this.cos = new Float32Array(size / 2);
    this.sin = new Float32Array(size / 2);
    for (let i = 0; i < size / 2; i += 1) {
      this.cos[i] = Math.cos((2 * Math.PI * i) / size);
      this.sin[i] = Math.sin((2 * Math.PI * i) / size);
    }
    const bits = Math.log2(size);
    this.order = new Uint32Array(size);
    for (let i = 0; i < size; i += 1) this.order[i] = (this.order[i >> 1] >> 1) | ((i & 1) << (bits - 1));
  }

  /**
   * @param {Float32Array} re
   * @param {Float32Array} im
   */
  transform(re, im) {
    const { size, order, cos, sin } = this;
    for (let i = 0; i < size; i += 1) {
      const j = order[i];
      if (j > i) {
        [re[i], re[j]] = [re[j], re[i]];
        [im[i], im[j]] = [im[j], im[i]];
      }
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k += 1) {
          const a = start + k;
          const b = a + half;
          const c = cos[k * stride];
          const s = sin[k * stride];
          const real = re[b] * c + im[b] * s;
          const imag = im[b] * c - re[b] * s;
          re[b] = re[a] - real;
          im[b] = im[a] - imag;
          re[a] += real;
          im[a] += imag;
        }
      }
    }
  }
}

const hzToMel = (hz) => 2595 * Math.log10(1 + hz / 700);
const melToHz = (mel) => 700 * (10 ** (mel / 2595) - 1);

/**
 * Triangular filters, each as its first bin and its weights; a filter narrower than a bin takes the nearest bin.
 *
 * @param {number} sampleRate Hz
 * @param {number} nFft
 * @param {number} nMels
 * @returns {Array<{first: number, weights: Float32Array}>}
 */
export function melFilters(sampleRate, nFft, nMels) {
  const top = hzToMel(Math.min(sampleRate / 2, 12000));
  const bin = (i) => (melToHz((top * i) / (nMels + 1)) * nFft) / sampleRate;
  return Array.from({ length: nMels }, (_, m) => {
    const [low, centre, high] = [bin(m), bin(m + 1), bin(m + 2)];
    const first = Math.ceil(low);
    const last = Math.floor(high);
    const weights = new Float32Array(Math.max(0, last - first + 1));
    for (let k = first; k <= last; k += 1) {
      weights[k - first] = k <= centre ? (k - low) / (centre - low) : (high - k) / (high - centre);
    }
    const sum = weights.reduce((a, b) => a + b, 0);
    if (sum < 1e-3) return { first: Math.round(centre), weights: Float32Array.of(1) };
    return { first, weights: weights.map((w) => w / sum) };
  });
}

/** Turns PCM into picture columns as it arrives. */
export class Analyser {
  /** @param {{sampleRate: number, hop?: number, nFft?: number, nMels?: number}} options */
  constructor({ sampleRate, hop = 128, nFft = 1024, nMels = 96 }) {
    Object.assign(this, { hop, nFft, nMels });
    this.fft = new Fft(nFft);
    this.filters = melFilters(sampleRate, nFft, nMels);
    this.window = Float32Array.from({ length: nFft }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / nFft));
    this.re = new Float32Array(nFft);
    this.im = new Float32Array(nFft);
    // Samples not yet used up; the first frame is centred on sample 0, so half a window of silence precedes it.
    this.pending = new Float32Array(nFft / 2);
  }

  /**
   * @param {Int16Array} pcm the next samples
   * @returns {{columns: number, mel: Uint8Array, peaks: Int8Array}} new columns: `nMels` bytes each, low band first;
   *   smallest and largest sample of each in 1/127
   */
  push(pcm) {
    const samples = new Float32Array(this.pending.length + pcm.length);
    samples.set(this.pending);
    for (let i = 0; i < pcm.length; i += 1) samples[this.pending.length + i] = pcm[i] / 32768;
    const columns = Math.max(0, Math.floor((samples.length - this.nFft) / this.hop) + 1);
    const mel = new Uint8Array(columns * this.nMels);
    const peaks = new Int8Array(columns * 2);
    for (let c = 0; c < columns; c += 1) this.#column(samples, c * this.hop, mel, peaks, c);
    this.pending = samples.slice(columns * this.hop);
    return { columns, mel, peaks };
  }

  /** The columns of the last half window, over silence. */
  flush() {
    return this.push(new Int16Array(this.nFft / 2));
  }

  #column(samples, start, mel, peaks, column) {
    const { re, im, window, nFft, nMels } = this;
    for (let i = 0; i < nFft; i += 1) {
      re[i] = samples[start + i] * window[i];
      im[i] = 0;
    }
    this.fft.transform(re, im);
    for (let m = 0; m < nMels; m += 1) {
      const { first, weights } = this.filters[m];
      let power = 0;
      for (let k = 0; k < weights.length; k += 1) {
        power += weights[k] * (re[first + k] ** 2 + im[first + k] ** 2);
      }
      // A full-scale sine has magnitude nFft / 4 under a Hann window: that is 0 dB.
      const db = 10 * Math.log10(power / (nFft / 4) ** 2 + 1e-12);
      mel[column * nMels + m] = Math.max(0, Math.min(255, (255 * (db - FLOOR_DB)) / (TOP_DB - FLOOR_DB)));
    }
    const centre = start + nFft / 2;
    let low = 0;
    let high = 0;
    for (let i = centre; i < centre + this.hop; i += 1) {
      if (samples[i] < low) low = samples[i];
      if (samples[i] > high) high = samples[i];
    }
    peaks[column * 2] = Math.round(low * 127);
    peaks[column * 2 + 1] = Math.round(high * 127);
  }
}
