/** One sentence through the acoustic graphs: durations, then F0 and mel on demand, from left to right (tingshuo.tasks.acoustic). */
(function (tingshuo) {
  "use strict";

  const F0_LIMIT = 3.8;

  /** F0 and mel of one sentence, computed as far as they are asked for. Frames are `hop_length` samples apart. */
  class Acoustics {
    /**
     * @param {object} voice
     * @param {object[]} words
     * @param {object} request
     * @returns {Promise<Acoustics>}
     */
    static async open(voice, words, request) {
      const self = new Acoustics();
      const timbre = voice.timbre(request);
      const { config } = voice;
      Object.assign(self, { voice, config, timbre, frame_s: config.mel.hop_length / config.mel.sample_rate });
      self.controls = tingshuo.controls(timbre.request);
      self.phones = tingshuo.encode(words, config.phonemes);
      const { hidden, log_duration } = await voice.run("encoder", {
        phoneme_ids: self.phones.ids,
        tones: self.phones.tones,
        positions: self.phones.positions,
        style: [timbre.style, [1, timbre.style.length]],
      });
      const found = tingshuo.durations(log_duration.data, self.phones, self.controls, self.frame_s, timbre.style_tempo);
      Object.assign(self, found, { hidden: hidden.data, width: hidden.dims[2] });
      Object.assign(self, tingshuo.framePlaces(self.durations));
      self.frames = self.owner.length;
      Object.assign(self, { f0: [], unvoiced: [], energy: null, mels: [] });
      return self;
    }

    /** F0 of frames, Hz, 0 where unvoiced. */
    async f0Hz(start, stop) {
      await this.#extendPitch(stop);
      const { log_f0_std: std, log_f0_mean: mean } = this.timbre.speaker_f0;
      const hz = (i) => (this.unvoiced[i] ? 0 : Math.fround(Math.exp(Math.fround(Math.fround(this.f0[i] * std) + mean))));
      return Float32Array.from({ length: stop - start }, (_, i) => hz(start + i));
    }

    /** Log-mel of frames, one array a frame. */
    async mel(start, stop) {
      await this.#extendMel(stop);
      return this.mels.slice(start, stop);
    }

    /** Inputs that both graphs have: hidden vectors and places of a stretch of frames. */
    #stretch(low, high) {
      const { width, owner, hidden } = this;
      const frames = new Float32Array((high - low) * width);
      for (let i = low; i < high; i++) frames.set(hidden.subarray(owner[i] * width, (owner[i] + 1) * width), (i - low) * width);
      return { frames: [frames, [1, high - low, width]], place: [this.place.slice(low * 8, high * 8), [1, high - low, 8]] };
    }

    #window(start, stop, context) {
      return [Math.max(0, start - context), Math.min(this.frames, stop + context)];
    }

    async #extendPitch(stop) {
      const start = this.f0.length;
      if (stop <= start) return;
      const [low, high] = this.#window(start, stop, this.config.pitch_context_frames);
      const style = [this.timbre.style, [1, this.timbre.style.length]];
      const { pitch } = await this.voice.run("pitch", { ...this.#stretch(low, high), style });
      const columns = pitch.dims[2];
      if (columns > 2) this.energy ??= [];
      for (let i = start; i < stop; i++) {
        const at = (i - low) * columns;
        const moved = Math.fround(pitch.data[at] * Math.fround(this.controls.range)) + this.#shift(i);
        this.f0.push(Math.fround(Math.min(Math.max(moved, -F0_LIMIT), F0_LIMIT)));
        this.unvoiced.push(pitch.data[at + 1] > 0 ? 1 : 0);
        this.energy?.push(pitch.data[at + 2]);
      }
    }

    /** What the controls add to the normalised log-F0 of a frame. */
    #shift(frame) {
      const fromMiddle_s = (frame - this.frames / 2) * this.frame_s;
      const trend = Math.min(Math.max(this.controls.slope_semitones_per_s * fromMiddle_s, -2), 2);
      return Math.fround(((this.controls.pitch_semitones + trend) * (Math.LN2 / 12)) / this.timbre.speaker_f0.log_f0_std);
    }

    async #extendMel(stop) {
      const start = this.mels.length;
      if (stop <= start) return;
      const [low, high] = this.#window(start, stop, this.config.decoder_context_frames);
      await this.#extendPitch(high);
      const row = (values) => [Float32Array.from(values.slice(low, high)), [1, high - low]];
      const inputs = { ...this.#stretch(low, high), f0: row(this.f0), unvoiced: row(this.unvoiced) };
      inputs.speaker = [this.timbre.speaker, [1, this.timbre.speaker.length]];
      if (this.energy) inputs.energy = row(this.energy);
      const { mel } = await this.voice.run("decoder", inputs);
      const [, bands, count] = mel.dims;
      const tilt = this.controls.tilt_db_per_octave;
      const shape = tilt ? tingshuo.tiltShape(this.config.mel) : null;
      for (let i = start; i < stop; i++) {
        const frame = new Float32Array(bands);
        for (let b = 0; b < bands; b++) frame[b] = mel.data[b * count + i - low] + (shape ? shape[b] * tilt : 0);
        this.mels.push(frame);
      }
    }
  }
  tingshuo.Acoustics = Acoustics;
})((globalThis.tingshuo ??= {}));
