/** Samples as a WAV file that says in itself that its speech is made by AI. */
(function (tingshuo) {
  "use strict";

  const PCM = 1;
  const BYTES = 2;

  /**
   * A WAV file of 16 bits.
   * @param {Float32Array} wav
   * @param {number} sampleRate Hz
   * @param {Object<string, string>} notes four letters of a LIST INFO chunk to what it says
   * @returns {Uint8Array}
   */
  tingshuo.encodeWav = function (wav, sampleRate, notes) {
    const samples = new DataView(new ArrayBuffer(wav.length * BYTES));
    wav.forEach((value, i) => samples.setInt16(i * BYTES, Math.min(Math.max(Math.round(value * 32768), -32768), 32767), true));
    const format = new DataView(new ArrayBuffer(16));
    [PCM, 1].forEach((value, i) => format.setUint16(i * 2, value, true));
    [sampleRate, sampleRate * BYTES].forEach((value, i) => format.setUint32(4 + i * 4, value, true));
    [BYTES, 8 * BYTES].forEach((value, i) => format.setUint16(12 + i * 2, value, true));
    const info = Object.entries(notes).map(([name, text]) => chunk(name, letters(`${text}\0`)));
    return chunk(
      "RIFF",
      join(letters("WAVE"), chunk("fmt ", format), chunk("data", samples), chunk("LIST", join(letters("INFO"), ...info))),
    );
  };

  const letters = (text) => new TextEncoder().encode(text);

  function chunk(name, body) {
    const size = new DataView(new ArrayBuffer(4));
    size.setUint32(0, body.byteLength, true);
    return join(letters(name), size, body, new Uint8Array(body.byteLength % 2));
  }

  function join(...parts) {
    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
    let at = 0;
    for (const part of parts) {
      out.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
      at += part.byteLength;
    }
    return out;
  }
})((globalThis.tingshuo ??= {}));
