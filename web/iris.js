// Four measurements in, the species of an iris out.

import { classifyIris } from "./api.js";
import { bar } from "./bar.js";
import { mountForm } from "./form.js";
import { number, percent, t } from "./i18n.js";

const MEASUREMENTS = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
// One of each species: numbers 1, 52 and 119 of the 150 that the model was trained on, in cm.
const EXAMPLES = [
  [5.1, 3.5, 1.4, 0.2],
  [6.4, 3.2, 4.5, 1.5],
  [7.7, 2.6, 6.9, 2.3],
];

const find = (id) => document.getElementById(id);

function addExample(values) {
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => {
    MEASUREMENTS.forEach((name, index) => (find(name).value = values[index]));
    find("form").requestSubmit();
  });
  const item = document.createElement("li");
  item.append(button);
  find("examples").append(item);
}

function draw(species, model) {
  EXAMPLES.forEach((values, index) => {
    find("examples").children[index].firstChild.textContent = values.map((value) => number(value, 1)).join(" · ");
  });
  if (species) {
    find("label").textContent = species.pred_label;
    find("bars").replaceChildren(bar({ label: t("confidence"), score: species.pred_confidence }));
  }
  find("facts").textContent = model
    ? t("irisFacts", { flowers: model.trained_on.flowers, share: percent(model.metrics.accuracy_cross_validated) })
    : "";
}

EXAMPLES.forEach(addExample);
mountForm("iris", {
  ask: (values) => classifyIris(Object.fromEntries(MEASUREMENTS.map((name) => [name, Number(values[name])]))),
  draw,
});
