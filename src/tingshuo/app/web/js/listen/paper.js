/** A transcript on the page: each segment with its time, what is being said paler below, and the newest in sight. */

/** So near to its end a box still follows what is written. */
const NEAR_PX = 24;

export class Paper {
  /**
   * @param {HTMLElement} root with `[data-scroll]`, `[data-log]`, `[data-partial]`, `[data-latest]` and `[data-empty]`
   * @param {import("./transcript.js").Transcript} transcript
   * @param {import("../i18n.js").Translator} translator
   */
  constructor(root, transcript, translator) {
    const find = (name) => root.querySelector(`[data-${name}]`);
    Object.assign(this, { transcript, translator, box: find("scroll"), log: find("log") });
    Object.assign(this, { partial: find("partial"), latest: find("latest"), empty: find("empty"), follows: true });
    this.box.addEventListener("scroll", () => this.#look());
    this.latest.addEventListener("click", () => this.#go());
    transcript.addEventListener("add", ({ detail }) => this.#write(() => this.log.append(this.#line(detail))));
    transcript.addEventListener("partial", () => this.#write(() => this.#drawPartial()));
    transcript.addEventListener("clear", () => this.#redraw());
    translator.addEventListener("change", () => this.#redraw());
    this.#redraw();
  }

  #redraw() {
    this.#write(() => {
      this.log.replaceChildren(...this.transcript.segments.map((segment) => this.#line(segment)));
      this.#drawPartial();
    });
  }

  #line(segment) {
    const line = document.createElement("p");
    line.append(...timeOf(segment), segment.text);
    if (segment.unfinished) {
      line.className = "unfinished";
      line.title = this.translator.t("unfinishedSegment");
    }
    return line;
  }

  #drawPartial() {
    const { partial } = this.transcript;
    this.partial.hidden = !partial;
    if (!partial) return;
    const letters = [...partial.text];
    const [said, stable] = ["span", "b"].map((tag) => document.createElement(tag));
    stable.textContent = letters.slice(0, partial.stable).join("");
    said.append(stable, letters.slice(partial.stable).join(""));
    this.partial.replaceChildren(...timeOf(partial), said);
  }

  #write(change) {
    change();
    this.empty.hidden = this.transcript.segments.length > 0 || this.transcript.partial !== null;
    if (this.follows) this.#go();
  }

  #go() {
    this.box.scrollTop = this.box.scrollHeight;
    this.#look();
  }

  /** Whoever scrolls up reads; whoever comes back to the end follows again. */
  #look() {
    const { box } = this;
    this.follows = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
    this.latest.hidden = this.follows;
  }
}

/** @returns {HTMLElement[]} the time at which it began, where that is known */
function timeOf({ start_s: startS }) {
  if (startS === null) return [];
  const time = document.createElement("time");
  const whole = Math.floor(startS);
  time.textContent = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  return [time];
}
