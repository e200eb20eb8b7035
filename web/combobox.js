// A text field with suggestions, after the ARIA pattern "editable combobox with list autocomplete".

import { t } from "./i18n.js";

const SHOWN = 8;
const NOT_FOUND = 5;
let count = 0;

/** @typedef {{index: number, wnid: string|null, label: string, synonyms: string[]}} Label */

export class Combobox {
  /**
   * @param {HTMLElement} root holds a label, an input, a ul and a hint
   * @param {() => Promise<Label[]>} getLabels asked once the field is first used
   */
  constructor(root, getLabels) {
    this.input = root.querySelector("input");
    this.list = root.querySelector("ul");
    this.hint = root.querySelector(".hint");
    this.getLabels = getLabels;
    /** @type {Label[]} */
    this.labels = [];
    /** @type {Label[]} the suggestions shown */
    this.matches = [];
    /** @type {Label|null} */
    this.chosen = null;
    this.active = -1;
    this.#wire(root, `combobox-${(count += 1)}`);
  }

  /** The chosen label, null for an empty field, undefined for text that names none. */
  get value() {
    const text = this.input.value.trim();
    if (!text) return null;
    if (this.chosen?.label === text) return this.chosen;
    return this.labels.find((label) => names(label).includes(text.toLowerCase()));
  }

  say(text, bad = false) {
    this.hint.textContent = text;
    this.hint.classList.toggle("bad", bad);
    this.input.setAttribute("aria-invalid", String(bad));
  }

  #wire(root, id) {
    const { input, list } = this;
    input.id = `${id}-input`;
    list.id = `${id}-list`;
    this.hint.id = `${id}-hint`;
    root.querySelector("label").htmlFor = input.id;
    list.setAttribute("role", "listbox");
    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": list.id,
      "aria-describedby": this.hint.id,
    })) {
      input.setAttribute(name, value);
    }
    input.addEventListener("focus", () => this.#load());
    input.addEventListener("input", () => (this.labels.length ? this.#suggest() : this.#load()));
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("blur", () => this.#close());
    // Before the field loses the focus, which closes the list.
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(this.matches[[...list.children].indexOf(option)]);
    });
  }

  async #load() {
    if (this.labels.length) return;
    if (this.input.value) this.say(t("loadingLabels"));
    try {
      this.labels = await this.getLabels();
      if (document.activeElement === this.input && this.input.value) this.#suggest();
    } catch {
      this.say(t("network"), true); // asked again at the next key
    }
  }

  #suggest() {
    const text = this.input.value.trim().toLowerCase();
    this.chosen = null;
    const found = text ? search(this.labels, text) : [];
    this.matches = found.slice(0, SHOWN);
    this.list.replaceChildren(...this.matches.map((label, index) => this.#option(label, text, index)));
    this.active = -1;
    this.#expand(this.matches.length > 0);
    this.say(text ? (found.length ? t("labelCount", { count: found.length }) : t("noLabel")) : "");
  }

  #option(label, text, index) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${index}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.textContent = label.label;
    // The synonym that was found by, or the first: "drake" alone says little.
    const synonym = label.synonyms.find((each) => each.toLowerCase().includes(text)) ?? label.synonyms[0];
    if (synonym) {
      const small = document.createElement("small");
      small.textContent = ` ${synonym}`;
      option.append(small);
    }
    return option;
  }

  #key(event) {
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return this.#suggest();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const from = this.active < 0 && step < 0 ? 0 : this.active; // up from the field: to the last
      this.#activate((from + step + this.matches.length) % this.matches.length);
    } else if (event.key === "Enter" && open && this.active >= 0) {
      event.preventDefault();
      this.#choose(this.matches[this.active]);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      this.#close();
    }
  }

  #activate(index) {
    this.active = index;
    [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    this.input.setAttribute("aria-activedescendant", this.list.children[index].id);
    this.list.children[index].scrollIntoView({ block: "nearest" });
  }

  #choose(label) {
    this.input.value = label.label;
    this.chosen = label;
    this.#close();
    this.say("");
  }

  #close() {
    this.active = -1;
    this.#expand(false);
  }

  #expand(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.input.removeAttribute("aria-activedescendant");
  }
}

const names = (label) => [label.label, ...label.synonyms].map((name) => name.toLowerCase());

/** Labels that `text` (lower case) is part of, the likeliest to be meant first. */
export function search(labels, text) {
  const atWord = (name) => name.startsWith(text) || name.includes(` ${text}`) || name.includes(`-${text}`);
  const rank = (label) => {
    const [name, ...synonyms] = names(label);
    if (name === text) return 0;
    if (name.startsWith(text)) return 1;
    if (atWord(name)) return 2;
    if (synonyms.some(atWord)) return 3;
    return [name, ...synonyms].some((each) => each.includes(text)) ? 4 : NOT_FOUND;
  };
  return labels
    .map((label) => [rank(label), label])
    .filter(([place]) => place < NOT_FOUND)
    .sort(([one], [other]) => one - other)
    .map(([, label]) => label);
}
