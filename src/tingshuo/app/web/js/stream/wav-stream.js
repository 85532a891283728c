/** The samples of a wav file that arrives in pieces, whatever is cut where. */

const RIFF_BYTES = 12;
const HEAD_BYTES = 8;

export class WavStream {
  constructor() {
    this.left = new Uint8Array(0);
    this.inData = false;
    this.begun = false;
  }

  /**
   * @param {ArrayBuffer} piece
   * @returns {Int16Array} the samples that are whole by now; the server's files have one channel of 16 bits
   */
  push(piece) {
    let bytes = joined(this.left, new Uint8Array(piece));
    if (!this.inData) bytes = this.#skipHeader(bytes);
    const whole = this.inData ? bytes.length & ~1 : 0;
    this.left = bytes.slice(whole);
    return new Int16Array(bytes.slice(0, whole).buffer);
  }

  /** Pass by the chunks before the samples; what is left waits for more when they are not whole. */
  #skipHeader(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    if (!this.begun) {
      if (bytes.length < RIFF_BYTES) return bytes;
      this.begun = true;
      at = RIFF_BYTES;
    }
    while (at + HEAD_BYTES <= bytes.length) {
      const name = String.fromCharCode(...bytes.subarray(at, at + 4));
      const size = view.getUint32(at + 4, true);
      if (name === "data") {
        this.inData = true;
        return bytes.slice(at + HEAD_BYTES);
      }
      const next = at + HEAD_BYTES + size + (size & 1);
      if (next > bytes.length) break;
      at = next;
    }
    return bytes.slice(at);
  }
}

function joined(one, other) {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}
