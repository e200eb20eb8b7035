// The page's own sentences, in the browser's language or the one that was chosen.

import { MESSAGES } from "./messages.js";

const CHOSEN = "language";

/** The one in use. */
export let language = initial();

/** Show the page in the language in use, and in another once it is chosen; `redraw` then follows. */
export function offerLanguages(redraw) {
  const select = document.getElementById("language");
  select.value = language;
  select.addEventListener("change", () => {
    choose(select.value);
    translatePage();
    redraw();
  });
  translatePage();
}

function choose(next) {
  language = next;
  try {
    localStorage.setItem(CHOSEN, next);
  } catch {
    // forbidden: the choice then holds for this visit
  }
}

function translatePage() {
  document.documentElement.lang = language;
  translate(document);
  document.title = document.querySelector("h1").textContent;
}

/** The sentence `key`, with {names} replaced. */
export function t(key, values = {}) {
  const sentence = MESSAGES[language][key] ?? MESSAGES.en[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const percent = (share) =>
  new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: share < 0.0995 ? 1 : 0 }).format(share);

/** A probability; none is shown as certain, nor as impossible. */
export function probability(score) {
  if (score > 0.99) return `> ${percent(0.99)}`;
  if (score < 0.001) return `< ${percent(0.001)}`;
  return percent(score);
}

export const number = (value, digits) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

export const megabytes = (bytes) =>
  new Intl.NumberFormat(language, { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(bytes / 1e6);

/** Put the sentences into the elements that name them: data-t for text, data-t-NAME for attributes. */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const name of ["alt", "aria-label", "placeholder"]) {
    const attribute = `data-t-${name}`;
    for (const element of root.querySelectorAll(`[${attribute}]`)) element.setAttribute(name, t(element.getAttribute(attribute)));
  }
}

function initial() {
  let chosen = null;
  try {
    chosen = localStorage.getItem(CHOSEN);
  } catch {
    // forbidden: as if nothing was chosen
  }
  const wanted = [chosen, ...navigator.languages].filter(Boolean).map((tag) => tag.slice(0, 2));
  return wanted.find((tag) => tag in MESSAGES) ?? "en";
}
