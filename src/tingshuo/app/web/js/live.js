/**
 * Gapless playback of PCM while it arrives.
 *
 * Every chunk becomes an AudioBuffer that starts at its own sample of the context's clock. The context must run at the
 * voice's sample rate: then neighbouring buffers meet on exact samples and no resampler sees their borders.
 */

const LEAD_S = 0.06;
const HORIZON_S = 6;
const TICK_MS = 200;
const FADE_S = 0.012;

/** Events: `playing`, `waiting` (for the server), `ended`. */
export class LiveVoice extends EventTarget {
  /** @param {BaseAudioContext} context at the voice's sample rate */
  constructor(context) {
    super();
    this.context = context;
    this.rate = context.sampleRate;
    /** @type {Array<{start: number, pcm: Int16Array}>} */
    this.chunks = [];
    this.lengthSamples = 0;
    this.complete = false;
    this.playing = false;
    this.waiting = false;
    this.next = 0;
    this.originS = 0;
    this.restS = 0;
    this.sources = new Set();
    this.gain = null;
    this.timer = 0;
  }

  /** Seconds received so far. */
  get durationS() {
    return this.lengthSamples / this.rate;
  }

  /** Seconds from the start of what is heard now. */
  get positionS() {
    if (!this.playing) return this.restS;
    const heard = this.context.currentTime - (this.context.outputLatency || 0) - this.originS;
    return Math.max(this.restS, Math.min(heard, this.durationS));
  }

  /**
   * @param {number} start absolute sample
   * @param {Int16Array} pcm
   */
  push(start, pcm) {
    this.chunks.push({ start, pcm });
    this.lengthSamples = Math.max(this.lengthSamples, start + pcm.length);
    if (this.playing) this.#schedule();
  }

  /** No more chunks will come. */
  finish() {
    this.complete = true;
    if (this.playing) this.#tick();
  }

  /** @param {number} [fromS] where to start, by default where it rests */
  play(fromS = this.restS) {
    this.#silence();
    this.restS = Math.max(0, Math.min(fromS, this.durationS));
    const sample = Math.round(this.restS * this.rate);
    this.next = this.chunks.findIndex((chunk) => chunk.start + chunk.pcm.length > sample);
    if (this.next < 0) this.next = this.chunks.length;
    this.#anchor(sample);
    this.gain = new GainNode(this.context);
    this.gain.connect(this.context.destination);
    this.playing = true;
    this.waiting = false;
    this.#tick();
  }

  pause() {
    this.restS = this.positionS;
    this.#silence();
    this.playing = false;
  }

  /** Stop and forget the samples. */
  release() {
    this.pause();
    this.chunks = [];
  }

  /** Put `sample` a short lead ahead of the clock, on a whole sample of it. */
  #anchor(sample) {
    const start = Math.ceil((this.context.currentTime + LEAD_S) * this.rate);
    this.originS = (start - sample) / this.rate;
  }

  #schedule() {
    const until = this.context.currentTime + HORIZON_S;
    while (this.next < this.chunks.length) {
      const { start, pcm } = this.chunks[this.next];
      const skip = Math.max(0, Math.round(this.restS * this.rate) - start);
      const first = start + skip;
      if (this.originS + first / this.rate > until) break;
      if (this.originS + first / this.rate < this.context.currentTime) this.#anchor(first); // it came late
      this.#start(first, skip ? pcm.subarray(skip) : pcm);
      this.next += 1;
      if (this.waiting || this.next === 1) this.#announce(false);
    }
  }

  #start(first, pcm) {
    if (!pcm.length) return;
    const buffer = this.context.createBuffer(1, pcm.length, this.rate);
    const data = buffer.getChannelData(0);
    for (let i = 0; i < pcm.length; i += 1) data[i] = pcm[i] / 32768;
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(this.gain);
    source.onended = () => this.sources.delete(source);
    this.sources.add(source);
    source.start(this.originS + first / this.rate);
  }

  #tick() {
    clearTimeout(this.timer);
    this.#schedule();
    const heard = this.context.currentTime - this.originS;
    if (this.next >= this.chunks.length && heard >= this.durationS) {
      if (this.complete) {
        this.restS = this.durationS;
        this.#silence();
        this.playing = false;
        this.dispatchEvent(new Event("ended"));
        return;
      }
      this.#announce(true);
    }
    this.timer = setTimeout(() => this.#tick(), TICK_MS);
  }

  #announce(waiting) {
    if (this.waiting === waiting && waiting) return;
    this.waiting = waiting;
    this.dispatchEvent(new Event(waiting ? "waiting" : "playing"));
  }

  /** Fade what sounds, so that stopping does not click, and drop what is scheduled. */
  #silence() {
    clearTimeout(this.timer);
    const now = this.context.currentTime;
    if (this.gain) {
      this.gain.gain.setValueAtTime(1, now);
      this.gain.gain.linearRampToValueAtTime(0, now + FADE_S);
    }
    for (const source of this.sources) source.stop(now + FADE_S);
    this.sources.clear();
    this.gain = null;
  }
}
