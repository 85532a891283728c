/** Pulses at F0 and noise, filtered frame by frame and overlapped: the signal path of tingshuo.audio.source. */
(function (tingshuo) {
  "use strict";

  const VOICED_ABOVE_HZ = 40;
  const PULSE_GAIN = 4;
  const NOISE_OFFSET = Math.log(0.3) - 2;
  const HALF_TURN = Math.fround(3.1416); // as the network was trained with
  const MAX_LOG_GAIN = 6;
  const TURN = 2 ** 53; // the phase is an integer of this many parts of a turn, and so never drifts

  /** The samples of one sentence: frames of F0 and filters in, samples out. */
  class SourceFilter {
    /**
     * @param {{n_fft: number, hop_length: number, sample_rate: number}} mel
     * @param {number} frames of the sentence, whose samples are `(frames - 1) * hop_length`
     * @param {object} noise a `Noise`
     * @param {number} start absolute sample at which the sentence begins
     */
    constructor(mel, frames, noise, start) {
      [this.size, this.hop, this.rate] = [mel.n_fft, mel.hop_length, mel.sample_rate];
      [this.frames, this.noise, this.start] = [frames, noise, start];
      this.pulses = new Float32Array((frames - 1) * this.hop);
      this.sum = new Float32Array((frames - 1) * this.hop);
      this.window = tingshuo.hann(this.size);
      this.fourier = new tingshuo.Fourier(this.size);
      this.f0 = [];
      this.filters = [];
      [this.phase, this.filtered, this.given] = [0, 0, 0];
    }

    /**
     * Add frames and return the samples that are complete.
     * @param {ArrayLike<number>} f0 Hz, 0 is unvoiced
     * @param {{gain: Float32Array, phase: Float32Array, noiseGain: Float32Array}[]} filters of the same frames, `n_fft / 2 + 1` bins each
     * @returns {Float32Array}
     */
    push(f0, filters) {
      for (const hz of f0) {
        this.f0.push(hz);
        if (this.f0.length > 1) this.#pulseHop(this.f0.length - 2);
      }
      this.filters.push(...filters);
      const ended = this.f0.length === this.frames;
      const samples = (this.f0.length - 1) * this.hop;
      const half = this.size / 2;
      while (this.filtered < this.f0.length && (ended || (this.filtered * this.hop + half <= samples && samples > half))) {
        this.#filter(this.filtered, samples);
        this.filters[this.filtered++] = null;
      }
      const complete = ended ? this.sum.length : Math.max(0, this.filtered * this.hop - half);
      const out = this.#scaled(this.given, complete);
      this.given = Math.max(this.given, complete);
      return out;
    }

    /** Band-limited pulses between a frame and the next, over which F0 is linear. */
    #pulseHop(frame) {
      const { hop, rate } = this;
      const level = this.f0[frame];
      const slope = Math.fround(this.f0[frame + 1] - level);
      const start = this.phase / TURN;
      const advance = (level * hop) / rate + slope * (hop / rate) * ((hop - 1) / (2 * hop));
      const step = Math.floor((advance - Math.floor(advance)) * TURN);
      this.phase = this.phase >= TURN - step ? this.phase - (TURN - step) : this.phase + step;
      if (Math.max(level, this.f0[frame + 1]) <= VOICED_ABOVE_HZ) return;
      for (let n = 0; n < hop; n++) {
        const hz = Math.fround(level + slope * (n / hop));
        if (hz <= VOICED_ABOVE_HZ) continue;
        const turns = start + ((n + 1) / rate) * (level + slope * (n / (2 * hop)));
        const x = ((turns - Math.round(turns)) * rate * Math.PI) / hz + 1e-20; // the sinc of 0 is 1
        this.pulses[frame * hop + n] = (Math.sin(x) / x) * Math.sqrt((hz * PULSE_GAIN ** 2) / rate);
      }
    }

    #filter(frame, samples) {
      const { size, hop, window, pulses } = this;
      const half = size / 2;
      const [re, im] = [new Float64Array(size), new Float64Array(size)];
      for (let n = 0; n < size; n++) re[n] = pulses[tingshuo.reflected(frame * hop - half + n, samples)] * window[n];
      this.fourier.run(re, im);
      const noise = this.noise.spectrum(frame, this.start, samples);
      const { gain, phase, noiseGain } = this.filters[frame];
      for (let k = 0; k <= half; k++) {
        const level = Math.exp(Math.min(gain[k], MAX_LOG_GAIN));
        const angle = phase[k] * HALF_TURN;
        const a = level * Math.cos(angle);
        const b = level * Math.sin(angle);
        const hiss = Math.exp(Math.min(noiseGain[k], MAX_LOG_GAIN) + NOISE_OFFSET);
        const x = re[k] * a - im[k] * b + noise.re[k] * hiss;
        im[k] = re[k] * b + im[k] * a + noise.im[k] * hiss;
        re[k] = x;
      }
      im[0] = im[half] = 0;
      for (let k = 1; k < half; k++) {
        re[size - k] = re[k];
        im[size - k] = -im[k];
      }
      this.fourier.run(im, re);
      const first = frame * hop - half;
      for (let n = Math.max(0, -first); n < size && first + n < this.sum.length; n++)
        this.sum[first + n] += (re[n] / size) * window[n];
    }

    /** Samples divided by the sum of the squared windows over them. */
    #scaled(from, to) {
      const { size, hop, window } = this;
      const half = size / 2;
      const out = new Float32Array(Math.max(0, to - from));
      for (let n = from; n < to; n++) {
        let squares = 0;
        const first = Math.max(0, Math.floor((n - half) / hop) + 1);
        for (let k = first; k < this.frames && k * hop - half <= n; k++) squares += window[n - k * hop + half] ** 2;
        out[n - from] = this.sum[n] / squares;
      }
      return out;
    }
  }
  tingshuo.SourceFilter = SourceFilter;
})((globalThis.tingshuo ??= {}));
