/**
 * Runs in the thread of the sound: samples in, blocks of 16 bits out.
 *
 * A message to its port ends it: what is left is given out, and `null` after it.
 */

const BLOCK_S = 0.1;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Int16Array(Math.round(sampleRate * BLOCK_S));
    this.filled = 0;
    this.ended = false;
    this.port.onmessage = () => this.#end();
  }

  /** @param {Float32Array[][]} inputs one, mixed down to one channel; none while the device is silent */
  process([channels]) {
    for (const sample of channels[0] ?? []) {
      this.block[this.filled] = Math.max(-32768, Math.min(32767, Math.round(32768 * sample)));
      this.filled += 1;
      if (this.filled === this.block.length) this.#give();
    }
    return !this.ended;
  }

  #end() {
    if (this.ended) return;
    this.ended = true;
    if (this.filled) this.#give();
    this.port.postMessage(null);
  }

  #give() {
    const pcm = this.block.slice(0, this.filled);
    this.filled = 0;
    this.port.postMessage(pcm, [pcm.buffer]);
  }
}

registerProcessor("capture", Capture);
