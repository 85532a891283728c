/** Administration: an administrator's key and second factor open it; both are kept in memory alone, never stored. */

import { administer } from "../api.js";
import { megabytes } from "../format.js";
import { sentenceOf } from "../sentences.js";

const DIGITS = /^\d{6}$/;

/** Events: `change` (there is news of `status`), `reloaded`. */
export class Admin extends EventTarget {
  /**
   * @param {HTMLElement} root
   * @param {import("../i18n.js").Translator} translator
   */
  constructor(root, translator) {
    super();
    Object.assign(this, { root, translator });
    this.form = root.querySelector("[data-admin-form]");
    this.trouble = root.querySelector("[data-admin-trouble]");
    this.panel = root.querySelector("[data-admin-open]");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enter();
    });
    this.#forget();
    translator.addEventListener("change", () => this.#draw());
  }

  /** Forget key and session. */
  leave() {
    this.#forget();
    this.#draw();
    this.dispatchEvent(new Event("change"));
  }

  #forget() {
    this.key = "";
    this.session = "";
    /** What `GET /admin/status` told. */
    this.status = null;
  }

  async #enter() {
    const [key, second] = ["#admin-key", "#admin-second"].map((id) => this.form.querySelector(id).value.trim());
    this.key = key;
    await this.#try(async () => {
      this.status = await this.#ask("GET", "status", DIGITS.test(second) ? { "x-totp": second } : { "x-admin-key": second });
      this.form.reset();
    });
    this.#draw();
    this.dispatchEvent(new Event("change"));
    if (this.status) this.panel.querySelector("[data-reload]").focus();
  }

  async #reload() {
    const say = (text) => (this.panel.querySelector("[data-reloaded]").textContent = text);
    const button = this.panel.querySelector("[data-reload]");
    button.disabled = true;
    say(this.translator.t("reloading"));
    const told = await this.#try(async () => {
      const { processes } = await this.#ask("POST", "reload");
      this.status = await this.#ask("GET", "status");
      return processes;
    });
    this.#draw();
    if (!told) return;
    say(this.#changes(told));
    this.dispatchEvent(new Event("reloaded"));
  }

  /** @returns {Promise<any>} what `work` returns; null when the server refused, which is said then */
  async #try(work) {
    this.trouble.hidden = true;
    try {
      return await work();
    } catch (error) {
      const message = error.message || sentenceOf(error, this.translator);
      this.trouble.textContent = this.translator.t("adminRefused", { message });
      this.trouble.hidden = false;
      if (error.status === 401 || error.status === 403) this.#forget();
      return null;
    }
  }

  async #ask(method, path, second = { "x-admin-session": this.session }) {
    const { body, session } = await administer(method, path, { authorization: `Bearer ${this.key}`, ...second });
    this.session = session ?? this.session;
    return body;
  }

  /** All processes have read the same. */
  #changes([{ voices }]) {
    const { translator } = this;
    if (!voices.length) return translator.t("reloadSame");
    const sentences = voices.map((change) => {
      const key = change.before === null ? "changeNew" : change.now === null ? "changeGone" : "changeVersion";
      return translator.t(key, change);
    });
    return translator.t("reloadChanged", { changes: sentences.join(" · ") });
  }

  /** What only an administrator may do is not in the page before. */
  #draw() {
    const open = this.status !== null;
    this.form.hidden = open;
    this.panel.hidden = !open;
    if (!open) {
      this.panel.replaceChildren();
      return;
    }
    if (!this.panel.firstElementChild) this.#build();
    this.panel.querySelector("[data-reload]").disabled = false;
    this.translator.apply(this.panel);
    this.panel.querySelector("[data-processes]").replaceChildren(...this.status.processes.map((process) => this.#row(process)));
  }

  #build() {
    this.panel.append(this.root.querySelector("[data-admin-panel]").content.cloneNode(true));
    this.panel.querySelector("[data-reload]").addEventListener("click", () => this.#reload());
    this.panel.querySelector("[data-leave]").addEventListener("click", () => this.leave());
  }

  #row({ worker, pid, ready, active, open_voices: open }) {
    const voices = Object.entries(open).map(([name, bytes]) => `${name} ${megabytes(bytes)}`);
    const cells = [`${worker} · ${pid}`, this.translator.t(ready ? "yes" : "no"), active, voices.join(", ") || "—"];
    const row = document.createElement("tr");
    row.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    return row;
  }
}
