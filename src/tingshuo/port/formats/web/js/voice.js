/** The voice: opens its graphs, and speaks a request as a stream of chunks (tingshuo.tasks.tts and tingshuo.tasks.vocoder). */
(function (tingshuo) {
  "use strict";

  const [FIRST_CHUNK_FRAMES, GROWTH, LONGEST_CHUNK_FRAMES] = [24, 4, 512];
  const [FADE_IN_S, FADE_OUT_S] = [0.005, 0.03];
  const [KNEE, CEILING] = [0.85, 0.999];
  const WARM_UP = { text: "你好，我是听说。", emotion: "neutral", strength: 1, speed: 1, pitch: 0, volume: 0 };
  const GRAPHS = ["encoder", "pitch", "decoder", "vocoder"];

  /** An opened voice. */
  class Voice {
    /**
     * Open the runtime, the graphs and the text side.
     * @param {(share: number) => void} [progress] is told how much is done, 0 to 1
     * @returns {Promise<Voice>}
     */
    static async open(progress = () => {}) {
      const self = new Voice();
      self.config = tingshuo.voice.config;
      self.tables = tingshuo.tensors(tingshuo.bytes("voice-tables"));
      self.noises = new Map();
      self.sessions = {};
      await openRuntime();
      for (const [i, name] of GRAPHS.entries()) {
        progress((i + 1) / (GRAPHS.length + 2));
        await breath();
        self.sessions[name] = await ort.InferenceSession.create(tingshuo.bytes(`graph-${name}`), {
          executionProviders: ["wasm"],
        });
        delete tingshuo.data[`graph-${name}`]; // the session has its own copy
      }
      self.frontend = await tingshuo.openFrontend(tingshuo.voice.english);
      progress((GRAPHS.length + 1) / (GRAPHS.length + 2));
      // What runs for the first time is slow: the browser compiles it meanwhile.
      for await (const { wav } of self.speak(WARM_UP)) if (wav.length) break;
      progress(1);
      return self;
    }

    get sampleRate() {
      return this.config.mel.sample_rate;
    }

    /** Run a graph; an input is a list of integers, or floats with their shape. */
    run(name, inputs) {
      const feeds = {};
      for (const [key, value] of Object.entries(inputs)) {
        const floats = value[0] instanceof Float32Array;
        feeds[key] = floats
          ? new ort.Tensor("float32", value[0], value[1])
          : new ort.Tensor("int64", BigInt64Array.from(value, BigInt), [1, value.length]);
      }
      return this.sessions[name].run(feeds);
    }

    /** Speaker and style of a request, in its emotion where the voice has learnt it; else the emotion is left to the controls. */
    timbre(request) {
      const { speakers, styles, emotions } = this.config;
      const row = (list, name) =>
        Math.max(
          0,
          list.findIndex((one) => one.name === name),
        );
      const [speaker, style] = [row(speakers, request.speaker), row(styles, request.style)];
      const vector = (name, index) => {
        const { shape, values } = this.tables[name];
        return values.slice(index * shape[1], (index + 1) * shape[1]);
      };
      const felt = emotions.indexOf(request.emotion);
      const vectors = vector("style", style);
      if (felt >= 0) vector("emotion", felt).forEach((value, i) => (vectors[i] += request.strength * value));
      return {
        speaker: vector("speaker", speaker),
        style: vectors,
        speaker_f0: speakers[speaker],
        style_tempo: styles[style].tempo,
        request: felt >= 0 ? { ...request, emotion: "neutral" } : request,
      };
    }

    /**
     * Speak.
     * @param {object} request see prosody.js
     * @returns {AsyncGenerator<{wav: Float32Array, sentence: (object|undefined)}>} chunks; the first of a sentence brings it along
     */
    async *speak(request) {
      let start = 0;
      for (const { source, words } of this.frontend.sentences(request.text)) {
        const acoustics = await tingshuo.Acoustics.open(this, words, request);
        let sentence = { source, words, phones: acoustics.phones, durations: acoustics.durations };
        const first = start === 0;
        for await (const wav of this.#vocode(acoustics, start, request.seed ?? 0, first)) {
          yield { wav, sentence };
          sentence = undefined;
          start += wav.length;
          await breath();
        }
        const { hop_length: hop } = this.config.mel;
        const tail = Math.round((acoustics.tail_s * this.sampleRate) / hop) * hop;
        if (tail) yield { wav: new Float32Array(tail) };
        start += tail;
      }
      if (!start) throw new Error("没有可以念的文字：请写汉字、字母或数字。");
    }

    /** Samples of a sentence, chunk by chunk: a small one first, so that it is heard at once. */
    async *#vocode(acoustics, start, seed, first) {
      const { mel, gain, vocoder_context_frames: context } = this.config;
      const { frames, controls } = acoustics;
      const source = new tingshuo.SourceFilter(mel, frames + 1, this.#noise(seed), start);
      const level = gain * 10 ** (controls.volume_db / 20);
      let done = 0;
      for (const [from, to] of chunks(frames + 1, first)) {
        const [low, high] = [Math.max(0, from - context), Math.min(frames + 1, to + context)];
        const bands = await acoustics.mel(low, Math.min(high, frames));
        const f0 = Array.from(await acoustics.f0Hz(low, Math.min(high, frames)));
        if (high > frames) [bands, f0].forEach((list) => list.push(list.at(-1))); // one frame more than the sentence has
        const wav = source.push(f0.slice(from - low, to - low), await this.#filters(bands, f0, from - low, to - low));
        for (let n = 0; n < wav.length; n++) wav[n] *= level;
        fadeEdges(wav, done, frames * mel.hop_length, mel.sample_rate);
        done += wav.length;
        if (wav.length) yield softLimit(wav);
      }
    }

    /** Filters of the frames `from` to `to` of a stretch. */
    async #filters(bands, f0, from, to) {
      const [count, n_mels] = [bands.length, this.config.mel.n_mels];
      const mel = new Float32Array(count * n_mels);
      bands.forEach((frame, i) => frame.forEach((value, b) => (mel[b * count + i] = value)));
      const outputs = await this.run("vocoder", { mel: [mel, [1, n_mels, count]], f0: [Float32Array.from(f0), [1, count]] });
      const bins = outputs.gain.dims[2];
      const row = (name, i) => outputs[name].data.slice(i * bins, (i + 1) * bins);
      const filters = [];
      for (let i = from; i < to; i++)
        filters.push({ gain: row("gain", i), phase: row("phase", i), noiseGain: row("noise_gain", i) });
      return filters;
    }

    #noise(seed) {
      const { mel, steady_noise: steady } = this.config;
      if (!this.noises.has(seed)) this.noises.set(seed, new tingshuo.Noise(seed, mel.n_fft, mel.hop_length, steady));
      return this.noises.get(seed);
    }
  }
  tingshuo.Voice = Voice;

  /** The runtime's files lie in the page as data: a page from the disk may not load them by itself. */
  async function openRuntime() {
    const module = new Blob([await tingshuo.text("runtime-module")], { type: "text/javascript" });
    ort.env.wasm.numThreads = 1; // threads need headers that a file has not
    ort.env.wasm.wasmBinary = await tingshuo.inflate("runtime");
    ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(module) };
  }

  /** Let the page be drawn. */
  const breath = () => new Promise((resume) => setTimeout(resume));

  function* chunks(frames, first) {
    let size = first ? FIRST_CHUNK_FRAMES : LONGEST_CHUNK_FRAMES;
    for (let from = 0; from < frames;) {
      const to = Math.min(frames, from + size);
      yield [from, to];
      [from, size] = [to, Math.min(size * GROWTH, LONGEST_CHUNK_FRAMES)];
    }
  }

  /** Fade a sentence in and out, in place: its breath would end in a step where digital silence follows. */
  function fadeEdges(wav, start, total, rate) {
    const [rise, fall] = [Math.round(FADE_IN_S * rate), Math.round(FADE_OUT_S * rate)];
    const ramp = (position) => 0.5 - 0.5 * Math.cos(Math.PI * Math.min(Math.max(position, 0), 1));
    for (let n = 0; n < wav.length; n++) {
      const place = start + n;
      if (place < rise) wav[n] *= ramp(place / rise);
      if (place >= total - fall) wav[n] *= ramp((total - 1 - place) / fall);
    }
  }

  /** Bend samples beyond the knee so that none reaches full scale. */
  function softLimit(wav) {
    const room = CEILING - KNEE;
    for (let n = 0; n < wav.length; n++) {
      const loud = Math.abs(wav[n]);
      if (loud > KNEE) wav[n] = Math.sign(wav[n]) * (KNEE + room * Math.tanh((loud - KNEE) / room));
    }
    return wav;
  }
})((globalThis.tingshuo ??= {}));
