/** The text as it was sent: what has been heard, what sounds now, and what waits. */

import { align } from "./align.js";

export class Captions {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.clear();
  }

  clear() {
    this.sent = "";
    this.timed = 0;
    /** @type {Array<{element: HTMLElement, startS: number}>} */
    this.spans = [];
    this.current = -1;
    this.tail = document.createElement("span");
    this.tail.className = "unsaid";
    this.root.replaceChildren(this.tail);
    this.root.scrollTop = 0;
  }

  /** @param {string} text that was sent */
  add(text) {
    this.sent += text;
    this.#drawTail();
  }

  /** @param {object} sentence as the server sends it */
  addSentence(sentence) {
    const at = this.sent.indexOf(sentence.text, this.timed);
    const end = at < 0 ? this.sent.length : at + sentence.text.length; // markup is not spoken as it stands
    if (at > this.timed) this.tail.before(this.sent.slice(this.timed, at));
    for (const { text, startS } of align(sentence)) {
      const element = document.createElement("span");
      element.textContent = text;
      element.dataset.heard = "no";
      this.tail.before(element);
      this.spans.push({ element, startS });
    }
    this.timed = end;
    this.#drawTail();
  }

  /** @param {number} positionS what is heard now; negative when nothing has been heard */
  draw(positionS) {
    let now = this.current;
    while (now + 1 < this.spans.length && this.spans[now + 1].startS <= positionS) now += 1;
    if (now === this.current) return;
    for (let i = Math.max(0, this.current); i < now; i += 1) this.spans[i].element.dataset.heard = "yes";
    const { element } = this.spans[now];
    element.dataset.heard = "now";
    this.current = now;
    this.#keepInSight(element);
  }

  /** All of it has been heard. */
  finish() {
    for (const { element } of this.spans) element.dataset.heard = "yes";
    this.current = this.spans.length - 1;
  }

  #drawTail() {
    this.tail.textContent = this.sent.slice(this.timed);
  }

  #keepInSight(element) {
    const { root } = this;
    const below = element.offsetTop + element.offsetHeight - (root.scrollTop + root.clientHeight);
    if (below > 0 || element.offsetTop < root.scrollTop) root.scrollTop = element.offsetTop - root.clientHeight / 3;
  }
}
