/** Gives a text out in pieces, at so many characters a second, as a language model writes it. */

const TICK_MS = 40;

export class Feeder {
  /**
   * @param {(piece: string) => void} onPiece
   * @param {() => void} onEnd
   */
  constructor(onPiece, onEnd) {
    Object.assign(this, { onPiece, onEnd, timer: 0 });
  }

  get feeding() {
    return this.timer !== 0;
  }

  /**
   * @param {string} text
   * @param {number} perS characters (code points) a second
   */
  start(text, perS) {
    this.stop();
    const characters = [...text];
    const began = performance.now();
    let given = 0;
    const tick = () => {
      const due = Math.min(characters.length, 1 + Math.floor(((performance.now() - began) / 1000) * perS));
      if (due > given) this.onPiece(characters.slice(given, due).join(""));
      given = due;
      if (given < characters.length) return;
      this.stop();
      this.onEnd();
    };
    this.timer = setInterval(tick, TICK_MS);
    tick();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
  }
}
