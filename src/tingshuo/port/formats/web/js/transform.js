/** The Fourier transform, and noise that is a function of a seed and the absolute sample (tingshuo.audio.noise). */
(function (tingshuo) {
  "use strict";

  const PERIOD = 1 << 17;
  const BLOCK = 1 << 12;
  const SMALLEST = 1e-4;

  /** Periodic Hann window. @returns {Float32Array} */
  tingshuo.hann = (length) => Float32Array.from({ length }, (_, n) => Math.sin((n * Math.PI) / length) ** 2);

  /** Complex Fourier transform of one length, a power of two, in place. */
  class Fourier {
    /** @param {number} size */
    constructor(size) {
      this.size = size;
      this.cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
      this.sin = Float64Array.from({ length: size / 2 }, (_, k) => Math.sin((2 * Math.PI * k) / size));
      this.order = new Uint32Array(size);
      for (let i = 1; i < size; i++) this.order[i] = (this.order[i >> 1] >> 1) | (i & 1 ? size >> 1 : 0);
    }

    /**
     * Transform forwards; exchange the arguments for the inverse, which is not divided by the size.
     * @param {Float64Array} re @param {Float64Array} im
     */
    run(re, im) {
      const { size, cos, sin, order } = this;
      for (let i = 0; i < size; i++) {
        const j = order[i];
        if (j <= i) continue;
        const [x, y] = [re[i], im[i]];
        re[i] = re[j];
        im[i] = im[j];
        re[j] = x;
        im[j] = y;
      }
      for (let half = 1; half < size; half *= 2) {
        const step = size / (2 * half);
        for (let start = 0; start < size; start += 2 * half) {
          for (let a = start, k = 0; a < start + half; a++, k += step) {
            const b = a + half;
            const x = re[b] * cos[k] + im[b] * sin[k];
            const y = im[b] * cos[k] - re[b] * sin[k];
            re[b] = re[a] - x;
            im[b] = im[a] - y;
            re[a] += x;
            im[a] += y;
          }
        }
      }
    }
  }
  tingshuo.Fourier = Fourier;

  /** High half of the product of two unsigned 32-bit numbers. */
  function high(a, b) {
    const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
    const middle = aHigh * bLow + Math.floor((aLow * bLow) / 65536);
    return aHigh * bHigh + Math.floor(middle / 65536) + Math.floor((aLow * bHigh + (middle & 0xffff)) / 65536);
  }

  /** Product of two 64-bit numbers, each [high, low], modulo 2**64. */
  function times([aHigh, aLow], [bHigh, bLow]) {
    return [(high(aLow, bLow) + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) >>> 0, Math.imul(aLow, bLow) >>> 0];
  }

  function plus([aHigh, aLow], [bHigh, bLow]) {
    const low = aLow + bLow;
    return [(aHigh + bHigh + (low > 0xffffffff ? 1 : 0)) >>> 0, low >>> 0];
  }

  // SplitMix64 (Steele, Lea and Flood 2014): the step between words, and shifts and factors of the finaliser.
  const STEP = [0x9e3779b9, 0x7f4a7c15];
  const ROUNDS = [
    [30, [0xbf58476d, 0x1ce4e5b9]],
    [27, [0x94d049bb, 0x133111eb]],
    [31, [0, 1]],
  ];

  function mixed(word) {
    for (const [shift, factor] of ROUNDS) {
      const [upper, lower] = word;
      word = times([(upper ^ (upper >>> shift)) >>> 0, (lower ^ ((upper << (32 - shift)) | (lower >>> shift))) >>> 0], factor);
    }
    return word;
  }

  /** Standard normal noise, read in any order, and the spectra of its frames. */
  class Noise {
    /** @param {number} seed @param {number} size samples of a frame @param {number} hop @param {boolean} steady every bin at its expected level */
    constructor(seed, size, hop, steady) {
      this.key = mixed(plus([0, seed >>> 0], STEP));
      [this.size, this.hop, this.steady] = [size, hop, steady];
      this.fourier = new Fourier(size);
      this.window = tingshuo.hann(size);
      this.expected = Math.sqrt(this.window.reduce((sum, w) => sum + w * w, 0));
      this.blocks = new Map();
      this.rows = new Map();
    }

    /** Sample at an absolute place. */
    at(sample) {
      const place = ((sample % PERIOD) + PERIOD) % PERIOD;
      const index = Math.floor(place / BLOCK);
      let block = this.blocks.get(index);
      if (!block) this.blocks.set(index, (block = this.#block(index)));
      return block[place % BLOCK];
    }

    /** Box-Muller: radius and angle of 32 bits each, from two random words a pair. */
    #block(index) {
      const count = BLOCK / 2;
      const words = new Int32Array(2 * count);
      for (let i = 0; i < count; i++) {
        const [upper, lower] = mixed(plus(times([0, index * count + i], STEP), this.key));
        words[2 * i] = lower;
        words[2 * i + 1] = upper;
      }
      const out = new Float32Array(BLOCK);
      for (let i = 0; i < count; i++) {
        const radius = Math.sqrt(-2 * Math.log((Math.abs(Math.fround(words[i])) + 0.5) * 2 ** -31));
        const angle = Math.fround(words[count + i]) * Math.PI * 2 ** -31;
        out[i] = Math.cos(angle) * radius;
        out[count + i] = Math.sin(angle) * radius;
      }
      return out;
    }

    /**
     * Spectrum of a frame of a signal that begins at an absolute sample, a whole number of hops, and is reflected at its ends.
     * @param {number} frame centred at sample `frame * hop` of the signal
     * @param {number} start
     * @param {number} samples length of the signal so far; in all when the frame reaches its end
     * @returns {{re: Float64Array, im: Float64Array}}
     */
    spectrum(frame, start, samples) {
      const [center, half] = [frame * this.hop, this.size / 2];
      if (center < half || center + half > samples) {
        return this.#transform((n) => this.at(start + tingshuo.reflected(center - half + n, samples)));
      }
      const row = ((start + center) % PERIOD) / this.hop;
      let spectrum = this.rows.get(row);
      if (!spectrum) this.rows.set(row, (spectrum = this.#transform((n) => this.at(start + center - half + n))));
      return spectrum;
    }

    #transform(sample) {
      const { size, steady, expected } = this;
      const [re, im] = [new Float64Array(size), new Float64Array(size)];
      for (let n = 0; n < size; n++) re[n] = sample(n) * this.window[n];
      this.fourier.run(re, im);
      for (let k = 0; steady && k < size; k++) {
        const scale = expected / Math.max(Math.hypot(re[k], im[k]), SMALLEST * expected);
        re[k] *= scale;
        im[k] *= scale;
      }
      return { re: re.slice(0, size / 2 + 1), im: im.slice(0, size / 2 + 1) };
    }
  }
  tingshuo.Noise = Noise;

  /** Index of the sample that stands for one outside a signal which is reflected at its ends. */
  tingshuo.reflected = function (index, samples) {
    const period = Math.max(2 * (samples - 1), 1);
    const place = ((index % period) + period) % period;
    return Math.min(place, period - place);
  };
})((globalThis.tingshuo ??= {}));
