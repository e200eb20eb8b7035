// A flight in, the probability that it leaves late out.

import { askDelay, getAirlines } from "./api.js";
import { bar } from "./bar.js";
import { mountForm } from "./form.js";
import { language, number, percent, t } from "./i18n.js";

const MONTHS = 12;
const DAYS = ["Lunes", "Martes", "Miercoles", "Jueves", "Viernes", "Sabado", "Domingo"]; // as the API names them
const MONDAY = 3; // of January 2000

const find = (id) => document.getElementById(id);

/** How the language in use names a part of the `day` of January or of the `month` (from 0) of 2000. */
const named = (part, month, day) => new Intl.DateTimeFormat(language, { [part]: "long" }).format(new Date(2000, month, day));

async function load() {
  const missing = () => find("OPERA").length === 1;
  const airlines = missing() ? await getAirlines() : [];
  if (missing()) find("OPERA").append(...airlines.map((airline) => new Option(airline))); // else another try was faster
}

function draw(answer, model) {
  for (const option of find("MES").options) if (option.value) option.textContent = named("month", option.value - 1, 1);
  for (const option of find("DIANOM").options) {
    if (option.value) option.textContent = named("weekday", 0, MONDAY + DAYS.indexOf(option.value));
  }
  find("weak").hidden = !model;
  if (model) find("weak").textContent = weakness(model);
  if (answer && model) show(answer, model);
}

function weakness({ metrics }) {
  return t("weak", {
    auc: number(metrics.auc_three_inputs, 2),
    best: number(metrics.auc_five_inputs, 2),
    onTime: Math.round((1 - metrics.precision_three_inputs) * 100),
  });
}

function show({ probability, response, threshold }, { trained_on: { delayed, flights } }) {
  find("label").textContent = t(response ? "late" : "notLate");
  find("bars").replaceChildren(
    bar({ label: t("thisFlight"), score: probability }),
    bar({ label: t("averageFlight"), score: delayed / flights }),
  );
  find("threshold").textContent = t("threshold", { threshold: percent(threshold) });
}

find("MES").append(...Array.from({ length: MONTHS }, (_, index) => new Option("", index + 1)));
find("DIANOM").append(...DAYS.map((day) => new Option("", day)));
mountForm("flight-delay", {
  load,
  ask: ({ MES, DIANOM, periodo_dia, ...values }) =>
    askDelay({ ...values, MES: Number(MES), DIANOM: DIANOM || null, periodo_dia: periodo_dia || null }),
  draw,
});
