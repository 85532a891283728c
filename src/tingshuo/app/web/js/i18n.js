/** The language of the page: chosen once by the browser's preference, then by its user. */

import { read, write } from "./storage.js";
import { TEXTS } from "./texts.js";

const LANGUAGES = ["zh", "en"];
const TAGS = { zh: "zh-CN", en: "en" };

/** Event: `change`. */
export class Translator extends EventTarget {
  constructor() {
    super();
    this.texts = TEXTS;
    const stored = read("language", null);
    const preferred = (navigator.language || "zh").toLowerCase().startsWith("zh") ? "zh" : "en";
    this.language = LANGUAGES.includes(stored) ? stored : preferred;
  }

  /** @param {Record<string, [string, string]>} texts those of a view that comes later */
  add(texts) {
    this.texts = { ...this.texts, ...texts };
  }

  /**
   * @param {string} key of the texts; anything else is returned as it is
   * @param {Record<string, string | number>} [values] for the words in braces
   * @returns {string}
   */
  t(key, values = {}) {
    const text = this.texts[key]?.[LANGUAGES.indexOf(this.language)] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
  }

  /** @param {string} key @returns {boolean} whether there is a text of that key */
  has(key) {
    return Object.hasOwn(this.texts, key);
  }

  /**
   * The name of something that the server offers, in our words where we know it.
   *
   * @param {"voice" | "style"} kind
   * @param {string} name as the server has it
   * @param {string} description as the server has it
   * @returns {string}
   */
  name(kind, name, description) {
    const key = `${kind}.${name}`;
    return this.has(key) ? this.t(key) : [name, description].filter(Boolean).join(" · ");
  }

  /** Change to the other language, and remember it. */
  toggle() {
    this.language = this.language === "zh" ? "en" : "zh";
    write("language", this.language);
    this.apply(document);
    this.dispatchEvent(new Event("change"));
  }

  /**
   * Fill in the texts of every element that names one: `data-i18n="key"` its content,
   * `data-i18n-attr="attribute:key attribute:key"` its attributes.
   *
   * @param {Document | Element} root
   */
  apply(root) {
    if (root === document) {
      document.documentElement.lang = TAGS[this.language];
      document.title = this.t("title");
    }
    for (const element of root.querySelectorAll("[data-i18n]")) element.textContent = this.t(element.dataset.i18n);
    for (const element of root.querySelectorAll("[data-i18n-attr]")) {
      for (const pair of element.dataset.i18nAttr.split(" ")) {
        const [attribute, key] = pair.split(":");
        element.setAttribute(attribute, this.t(key));
      }
    }
  }

  /** @param {number} value @returns {string} with the language's digit groups */
  number(value) {
    return value.toLocaleString(TAGS[this.language]);
  }
}
