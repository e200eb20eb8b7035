// A page with one form: what is filled in goes to the API; its answer comes beside it, and what is
// wrong next to its field.

import { describeModel } from "./api.js";
import { API_BASE } from "./config.js";
import { failure, sentence } from "./failure.js";
import { offerLanguages, t } from "./i18n.js";

const find = (id) => document.getElementById(id);

/**
 * @param {string} name of the model that answers
 * @param {object} page
 * @param {() => Promise<void>} [page.load] gets what has to be there before the form is used
 * @param {(values: Record<string, string>) => Promise<object>} page.ask
 * @param {(result: object|null, model: object|null) => void} page.draw shows both, where they are there
 */
export function mountForm(name, { load, ask, draw }) {
  const form = find("form");
  const submit = form.querySelector("[type=submit]");
  const fields = [...form.elements].filter((field) => field.name);
  /** @type {Record<string, import("./store.js").Failure>} by field */
  let faults = {};
  let failed = null; // with `again`: what to try again
  let model = null;
  let result = null;
  let asking = false;
  let edits = 0;

  const start = () => attempt(prepare, start);

  async function prepare() {
    model ??= await describeModel(name);
    await load?.();
  }

  async function attempt(step, again) {
    failed = null;
    try {
      await step();
    } catch (error) {
      faults = faultsByField(error.detail ?? "", fields);
      if (!Object.keys(faults).length) failed = { ...failure(error), again };
    }
    redraw();
  }

  async function answer() {
    if (asking) return;
    result = null;
    faults = Object.fromEntries(fields.filter((field) => !field.validity.valid).map((field) => [field.name, fault(field)]));
    if (!Object.keys(faults).length) {
      asking = true;
      redraw();
      await attempt(async () => {
        const [values, asked] = [Object.fromEntries(new FormData(form)), edits];
        await prepare();
        const answered = await ask(values);
        if (asked === edits) result = answered; // else the form says something else by now
      }, answer);
      asking = false;
    }
    redraw();
    if (result) show(find("result"));
    fields.find((field) => field.name in faults)?.focus();
  }

  function redraw() {
    for (const field of fields) {
      const hint = find(`${field.id}-hint`);
      hint.textContent = field.name in faults ? sentence(faults[field.name]) : "";
      field.setAttribute("aria-invalid", String(field.name in faults));
    }
    submit.setAttribute("aria-disabled", String(asking));
    submit.textContent = t(asking ? "asking" : submit.dataset.t);
    find("failure").hidden = !failed;
    find("failure-text").textContent = failed ? sentence(failed) : "";
    find("again").hidden = !failed?.retry;
    find("empty").hidden = Boolean(result);
    find("result").hidden = !result;
    find("model").textContent = model ? t("askedModel", { ...model, version: model.version.slice(0, 12) }) : "";
    draw(result, model);
    find("announcer").textContent = result ? find("result").innerText : "";
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer();
  });
  form.addEventListener("input", ({ target }) => {
    delete faults[target.name];
    result = null;
    edits += 1;
    redraw();
  });
  find("again").addEventListener("click", () => failed?.again());
  find("docs").href = API_BASE + find("docs").getAttribute("href");
  offerLanguages(redraw);
  redraw();
  start();
}

// On a phone the answer would lie below the form.
const show = (element) => element.scrollIntoView({ block: "nearest" });

/** What is wrong with a field before anything is sent. */
function fault({ validity, min, max }) {
  if (validity.badInput) return { key: "notNumber" };
  return validity.valueMissing ? { key: "required" } : { key: "outOfRange", min, max };
}

/** The API's sentence of what is wrong, by the field that each part of it names. */
function faultsByField(detail, fields) {
  const names = fields.map((field) => field.name).join("|");
  const parts = detail.split(new RegExp(`(?:^|; )(?:row 1, column )?(${names}): `)).slice(1);
  return Object.fromEntries(parts.flatMap((part, index) => (index % 2 ? [] : [[part, { message: parts[index + 1] }]])));
}
