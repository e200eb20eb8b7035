// The page's DOM: shows the store, and turns what a person does into actions.

import { inWords } from "./answer.js";
import { DOCS_URL } from "./api.js";
import { droppedDirectories, photosOfEntries, photosOfInput } from "./directory.js";
import { Card } from "./card.js";
import { sentence } from "./failure.js";
import { offerLanguages, percent, probability, t } from "./i18n.js";

const WAKING_TICK_MS = 100;
const find = (id) => document.getElementById(id);

/** Draw `store` now and at each change; `actions` are the card's and those of ./app.js for all photos. */
export function mount(store, actions, samples) {
  const cards = new Map();
  wire(actions);
  showSamples(samples, actions);
  let selectedId = store.selectedId;
  const draw = () => {
    drawWaking(store);
    drawModel(store);
    drawHistory(store, actions);
    drawCards(store, cards, actions);
    if (store.selectedId !== selectedId) reveal(find("cards"));
    selectedId = store.selectedId;
  };
  offerLanguages(() => {
    for (const card of cards.values()) card.translate();
    actions.translateFolder();
    draw();
  });
  find("docs").href = DOCS_URL;
  store.addEventListener("change", draw);
  draw();
}

// On a phone the answer would lie below what it shows at once.
const reveal = (element) => element.scrollIntoView({ block: matchMedia("(max-width: 44rem)").matches ? "start" : "nearest" });

/** Say something to those who listen to the page instead of looking at it. */
export function announce({ name, status, result, failure }) {
  find("announcer").textContent =
    status === "done"
      ? t("announced", { name, label: inWords(result), percent: probability(result.predictions[0].score) })
      : t("announcedFailure", { name, sentence: sentence(failure) });
}

function wire(actions) {
  const drop = find("drop");
  for (const id of ["picker", "camera"]) {
    const input = find(id);
    input.addEventListener("click", () => actions.wake());
    input.addEventListener("change", () => {
      actions.addFiles([...input.files]);
      input.value = ""; // so that the same photo can be chosen again
    });
  }
  const folder = find("folder-picker");
  folder.addEventListener("change", () => {
    actions.openFolder(photosOfInput(folder.files));
    folder.value = "";
  });
  let depth = 0; // dragenter and dragleave also come from what lies inside
  const over = (change) => drop.classList.toggle("over", (depth = Math.max(0, depth + change)) > 0);
  const carriesFiles = (event) => event.dataTransfer.types.includes("Files"); // text may go into the comment
  addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (depth === 0) actions.wake();
    over(1);
  });
  addEventListener("dragleave", (event) => carriesFiles(event) && over(-1));
  addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    over(-depth);
    const directories = droppedDirectories(event.dataTransfer);
    if (directories.length) photosOfEntries(directories).then(actions.openFolder, () => actions.openFolder([]));
    else actions.addFiles([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) actions.addFiles([...event.clipboardData.files]);
  });
  find("wake").addEventListener("click", () => actions.wake());
  find("clear").addEventListener("click", () => {
    actions.clear();
    find("picker").focus();
  });
}

function showSamples(samples, actions) {
  find("samples").replaceChildren(
    ...samples.map((name) => {
      const image = document.createElement("img");
      const address = new URL(`samples/${name}.png`, import.meta.url); // beside this module, wherever it is published
      Object.assign(image, { src: address, width: 384, height: 384 });
      image.dataset.tAlt = name;
      const button = document.createElement("button");
      button.type = "button";
      button.append(image);
      button.addEventListener("click", () => actions.addSample(name));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
}

let ticking = null;

function drawWaking({ waking, offline }) {
  if (!offline && find("offline").contains(document.activeElement)) find("picker").focus();
  find("offline").hidden = !offline;
  find("waking").hidden = !waking;
  if (!waking) {
    clearInterval(ticking);
    ticking = null;
    return;
  }
  if (ticking) return;
  const began = performance.now();
  const progress = find("waking-progress");
  const tick = () => {
    const share = (performance.now() - began) / waking.expectedMs;
    progress.value = Math.min(share, 0.95);
    const text = share < 1.5 ? t("waking", { seconds: Math.max(1, Math.round(waking.expectedMs / 1000)) }) : t("wakingLonger");
    if (find("waking-text").textContent !== text) find("waking-text").textContent = text;
    progress.setAttribute("aria-label", text);
  };
  tick();
  ticking = setInterval(tick, WAKING_TICK_MS);
}

function drawModel({ model, photos, selectedId }) {
  const answered = photos.find((photo) => photo.id === selectedId)?.result?.model;
  find("model").textContent = answered ? t("answeredBy", answered) : model ? t("askedModel", model) : "";
  find("notice").hidden = !model?.stands_in_for;
  if (model?.stands_in_for) find("notice").textContent = t("standsIn", { wanted: model.stands_in_for, name: model.name });
}

function drawHistory({ photos, selectedId }, actions) {
  find("history").hidden = photos.length === 0;
  document.body.classList.toggle("has-photos", photos.length > 0 || !find("folder").hidden); // the answers get the room
  const list = find("thumbnails");
  const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
  const items = photos.map((photo) => {
    const item = known.get(photo.id) ?? thumbnail(photo.id, actions);
    const image = item.querySelector("img");
    if (photo.thumbnail && image.src !== photo.thumbnail) image.src = photo.thumbnail;
    image.hidden = !photo.thumbnail;
    item.classList.toggle("blank", !photo.thumbnail);
    item.dataset.status = photo.status;
    const label = photo.result?.predictions[0].label ?? t(photo.status, { percent: percent(photo.progress) });
    item.querySelector(".name").textContent = label;
    const button = item.querySelector("button");
    button.setAttribute("aria-label", `${photo.name}: ${label}`);
    button.setAttribute("aria-current", String(photo.id === selectedId));
    return item;
  });
  // Moved only when it must be, as moving takes the focus away.
  if (items.some((item, index) => list.children[index] !== item) || list.children.length !== items.length) list.replaceChildren(...items);
}

function thumbnail(id, actions) {
  const item = document.createElement("li");
  item.dataset.id = id;
  const button = document.createElement("button");
  button.type = "button";
  const image = document.createElement("img");
  image.alt = "";
  const name = document.createElement("span");
  name.className = "name";
  button.append(image, name);
  button.addEventListener("click", () => actions.select(id));
  item.append(button);
  return item;
}

function drawCards({ photos, selectedId }, cards, actions) {
  for (const id of cards.keys()) if (!photos.some((photo) => photo.id === id)) cards.delete(id);
  const photo = photos.find(({ id }) => id === selectedId);
  const root = find("cards");
  if (!photo) return root.replaceChildren();
  if (!cards.has(photo.id)) cards.set(photo.id, new Card(photo.id, actions));
  const card = cards.get(photo.id);
  card.update(photo);
  if (root.firstElementChild !== card.element) root.replaceChildren(card.element);
}
