/** What the other scripts are built on: the namespace, and the data that lies beside them as scripts, since a page that was opened
 * from the disk may not read files. */
(function (tingshuo) {
  "use strict";

  tingshuo.data ??= {};

  /**
   * Bytes of a data file.
   * @param {string} name
   * @returns {Uint8Array}
   */
  tingshuo.bytes = function (name) {
    const text = tingshuo.data[name];
    if (text === undefined) throw new Error(`data/${name}.js 没有载入 (is missing)`);
    const characters = atob(text);
    const bytes = new Uint8Array(characters.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
    return bytes;
  };

  /**
   * Bytes of a data file that is compressed by zlib.
   * @param {string} name
   * @returns {Promise<ArrayBuffer>}
   */
  tingshuo.inflate = function (name) {
    const stream = new Blob([tingshuo.bytes(name)]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  };

  /**
   * Text of a data file that is compressed by zlib.
   * @param {string} name
   * @returns {Promise<string>}
   */
  tingshuo.text = async function (name) {
    return new TextDecoder().decode(await tingshuo.inflate(name));
  };

  /**
   * Tensors of a safetensors file, widened to float32.
   * @param {Uint8Array} bytes
   * @returns {Object<string, {shape: number[], values: Float32Array}>}
   */
  tingshuo.tensors = function (bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = 8 + Number(view.getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
    delete header.__metadata__;
    const out = {};
    for (const [
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ] of Object.entries(header)) {
      const size = dtype === "F16" ? 2 : 4;
      const values = new Float32Array((to - from) / size);
      for (let i = 0; i < values.length; i++) {
        const at = start + from + i * size;
        values[i] = size === 4 ? view.getFloat32(at, true) : widened(view.getUint16(at, true));
      }
      out[name] = { shape, values };
    }
    return out;
  };

  function widened(half) {
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    return half & 0x8000 ? -size : size;
  }
})((globalThis.tingshuo ??= {}));
