/** Emotion and the user's controls as factors on what the model predicts, the durations, and where each frame lies in its phone. */
(function (tingshuo) {
  "use strict";

  const [LEAD_S, TAIL_S, LONGEST_PHONE_S] = [0.05, 0.12, 0.6];
  const [TILT_PIVOT_HZ, TILT_LOW_HZ, TILT_HIGH_HZ] = [1000, 150, 8000];

  /**
   * @typedef {Object} Request
   * @property {string} text
   * @property {string} emotion
   * @property {number} strength 0 to 1.5
   * @property {number} speed 0.5 to 2
   * @property {number} pitch semitones
   * @property {number} volume dB
   * @property {string} [style] the first, unless given
   * @property {string} [speaker] the first, unless given
   * @property {number} [seed] of the noise
   */

  /**
   * Factors on what the model predicts, for a whole sentence.
   * @param {Request} request
   */
  tingshuo.controls = function ({ emotion, strength, speed, pitch, volume }) {
    const effect = tingshuo.voice.effects[emotion];
    return {
      rate: Math.exp(effect.log_rate * strength + Math.log(speed)),
      pitch_semitones: effect.pitch_semitones * strength + pitch,
      range: Math.exp(effect.log_range * strength),
      slope_semitones_per_s: effect.slope_semitones_per_s * strength,
      volume_db: effect.volume_db * strength + volume,
      tilt_db_per_octave: effect.tilt_db_per_octave * strength,
      pause: Math.exp(effect.log_pause * strength),
    };
  };

  /**
   * Frames of each phone, and the seconds of silence that the text asks for beyond the rendered end.
   * @param {Float32Array} log_duration of the model, natural logarithm of frames
   * @param {{words: number[], pauses_ms: number[]}} phones
   * @param {object} controls
   * @param {number} frame_s
   * @param {number} tempo of the style
   * @returns {{durations: number[], tail_s: number}}
   */
  tingshuo.durations = function (log_duration, { words, pauses_ms }, controls, frame_s, tempo) {
    const seconds = words.map((word, i) =>
      word < 0
        ? (pauses_ms[i] / 1000) * (controls.pause / controls.rate)
        : Math.min(Math.exp(log_duration[i]) * frame_s, LONGEST_PHONE_S) / tempo / controls.rate,
    );
    const tail_s = Math.max(0, seconds.at(-1) - TAIL_S);
    seconds[0] = LEAD_S;
    seconds[seconds.length - 1] = TAIL_S;
    let [sum, before] = [0, 0];
    const durations = seconds.map((length) => {
      // Rounding the ends instead of each length keeps the tempo exact over a sentence.
      const end = toEven((sum += length) / frame_s);
      const frames = Math.max(end - before, 1);
      before = end;
      return frames;
    });
    return { durations, tail_s };
  };

  /** Round as numpy does: a half goes to the even number. */
  function toEven(value) {
    const rounded = Math.round(value);
    return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
  }

  /**
   * Where each frame lies in its phone, eight numbers a frame, and which phone it is of.
   * @param {number[]} durations
   * @returns {{place: Float32Array, owner: Uint32Array}}
   */
  tingshuo.framePlaces = function (durations) {
    const frames = durations.reduce((sum, n) => sum + n, 0);
    const [place, owner] = [new Float32Array(frames * 8), new Uint32Array(frames)];
    let frame = 0;
    durations.forEach((length, phone) => {
      for (let since = 0; since < length; since++, frame++) {
        const fraction = Math.fround((since + 0.5) / length);
        const [angle, left] = [Math.PI * fraction, length - 1 - since];
        place.set([fraction, 1 - fraction, Math.sin(angle), Math.cos(angle)], frame * 8);
        place.set([Math.log1p(since) / 3, Math.log1p(left) / 3, Math.log(length) / 3, 1], frame * 8 + 4);
        owner[frame] = phone;
      }
    });
    return { place, owner };
  };

  /**
   * Log-magnitude per mel band of a tilt of 1 dB per octave around 1 kHz, flat below 150 Hz and above 8 kHz.
   * @returns {Float32Array}
   */
  tingshuo.tiltShape = function ({ fmin, fmax, n_mels }) {
    const [low, high] = [fmin, fmax].map((hz) => 2595 * Math.log10(1 + hz / 700));
    return Float32Array.from({ length: n_mels }, (_, band) => {
      const hz = 700 * (10 ** ((low + ((high - low) * (band + 1)) / (n_mels + 1)) / 2595) - 1);
      return (Math.log2(Math.min(Math.max(hz, TILT_LOW_HZ), TILT_HIGH_HZ) / TILT_PIVOT_HZ) * Math.LN10) / 20;
    });
  };
})((globalThis.tingshuo ??= {}));
