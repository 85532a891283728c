/** Which reading of a polyphone a sentence asks for: the recurrent net of tingshuo.text.polyphone. */
(function (tingshuo) {
  "use strict";

  const [UNKNOWN, BEGIN, END, FIRST] = [1, 2, 3, 4];
  const UNITS = 64;

  /** The net and the characters that it decides. */
  class Polyphones {
    /** @param {Uint8Array} weights @param {string} names */
    constructor(weights, names) {
      this.tensors = Object.fromEntries(Object.entries(tingshuo.tensors(weights)).map(([k, t]) => [k, t.values]));
      const [characters, readings, ...lines] = names.trimEnd().split("\n");
      this.rows = new Map(Array.from(characters, (char, i) => [char, i + FIRST]));
      const classes = new Map(readings.split(" ").map((reading, i) => [reading, i]));
      this.candidates = new Map();
      for (const line of lines) {
        const [char, ...known] = line.split(" ");
        this.candidates.set(char, { known, classes: known.map((reading) => classes.get(reading)) });
      }
    }

    /** Whether the net decides this character. */
    has(char) {
      return this.candidates.has(char);
    }

    /**
     * Natural logarithms of the probabilities of the readings of some characters.
     * @param {string[]} chars the sentence
     * @param {number[]} indices
     * @returns {Map<string, number>[]} reading to score
     */
    scores(chars, indices) {
      const states = this.#states(chars);
      return indices.map((i) => {
        const { known, classes } = this.candidates.get(chars[i]);
        const logits = this.#logits(states[i + 1], classes);
        const top = Math.max(...logits);
        const total = top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0));
        return new Map(known.map((reading, k) => [reading, logits[k] - total]));
      });
    }

    #logits(state, classes) {
      const { hidden, hidden_bias: bias, output, output_bias: outputBias } = this.tensors;
      const width = bias.length;
      const layer = Float32Array.from(bias);
      for (let i = 0; i < UNITS; i++) for (let j = 0; j < width; j++) layer[j] += state[i] * hidden[i * width + j];
      return classes.map((row) => {
        let sum = outputBias[row];
        for (let j = 0; j < width; j++) sum += Math.max(layer[j], 0) * output[row * width + j];
        return sum;
      });
    }

    /** Both directions as one recurrence: step t reads character t and, from the other end, character -t. */
    #states(chars) {
      const { embedding, input, input_reverse: reverse, bias, recurrent } = this.tensors;
      const ids = [BEGIN, ...chars.map((char) => this.rows.get(char) ?? UNKNOWN), END];
      const width = 4 * UNITS;
      const size = input.length / width;
      const [h, c, steps] = [new Float32Array(UNITS), new Float32Array(UNITS), []];
      for (let t = 0; t < ids.length; t++) {
        const gate = Float32Array.from(bias);
        multiply(gate, embedding, ids[t] * size, input, size);
        multiply(gate, embedding, ids[ids.length - 1 - t] * size, reverse, size);
        multiply(gate, h, 0, recurrent, UNITS);
        for (let i = 0; i < width; i++) gate[i] = i < 3 * UNITS ? Math.tanh(gate[i]) * 0.5 + 0.5 : Math.tanh(gate[i]);
        for (let i = 0; i < UNITS; i++) {
          c[i] = c[i] * gate[UNITS + i] + gate[i] * gate[3 * UNITS + i];
          h[i] = Math.tanh(c[i]) * gate[2 * UNITS + i];
        }
        steps.push(Float32Array.from(h));
      }
      const half = UNITS / 2;
      return steps.map((step, t) => Float32Array.from([...step.slice(0, half), ...steps[steps.length - 1 - t].slice(half)]));
    }
  }

  /** Add to `out` the row vector of `size` numbers at an offset of `x`, times a matrix. */
  function multiply(out, x, offset, matrix, size) {
    const width = out.length;
    for (let i = 0; i < size; i++) {
      const value = x[offset + i];
      for (let j = 0, at = i * width; j < width; j++) out[j] += value * matrix[at + j];
    }
  }

  /** @returns {Promise<Polyphones>} */
  tingshuo.openPolyphones = async () =>
    new Polyphones(new Uint8Array(await tingshuo.inflate("polyphones")), await tingshuo.text("polyphone-names"));
})((globalThis.tingshuo ??= {}));
