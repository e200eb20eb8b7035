// The table of a folder's photos: fills while they are classified, and shows those asked for.

import { inWords, isUnsure } from "./answer.js";
import { MAX_PHOTOS } from "./directory.js";
import { sentence } from "./failure.js";
import { Folder } from "./folder.js";
import { probability, t } from "./i18n.js";

const DRAW_MS = 100; // laying out hundreds of rows takes longer than a frame

const find = (id) => document.getElementById(`folder${id && `-${id}`}`);

/** `answered` is called whenever the service has answered. */
export function createFolderView(answered) {
  let folder = null;
  let rows = new Map(); // photo → its row
  const changed = new Set(); // photos that are shown as they were
  let drawing = 0;

  const threshold = () => find("threshold").valueAsNumber / 100 || 0;
  const unsure = ({ result }) => result && isUnsure(result, threshold());

  /** Classify photos as ./directory.js finds them. */
  function open(found) {
    close();
    find("").hidden = false;
    document.body.classList.add("has-photos");
    find("empty").hidden = found.length > 0;
    find("first").hidden = found.length <= MAX_PHOTOS;
    find("found").hidden = !found.length;
    if (found.length) start(new Folder(found.slice(0, MAX_PHOTOS)));
    draw();
    find("").scrollIntoView({ block: "start" });
  }

  function start(opened) {
    folder = opened;
    rows = new Map(folder.photos.map((photo) => [photo, newRow(photo)]));
    find("rows").replaceChildren(...rows.values());
    folder.addEventListener("change", ({ detail: photo }) => {
      if (photo.status === "done") answered();
      if (folder !== opened) return; // it was closed meanwhile
      changed.add(photo);
      drawing ||= setTimeout(draw, DRAW_MS); // once for all photos of a moment
    });
    folder.addEventListener("end", () => {
      draw();
      if (folder === opened) document.getElementById("announcer").textContent = find("text").textContent;
    });
    folder.run();
  }

  function close() {
    folder?.discard();
    folder = null;
    rows = new Map();
    changed.clear();
    find("").hidden = true;
    document.body.classList.toggle("has-photos", !document.getElementById("history").hidden);
    find("filter").value = "";
    find("rows").replaceChildren();
  }

  function draw() {
    clearTimeout(drawing);
    drawing = 0;
    for (const photo of changed) fill(rows.get(photo), photo);
    changed.clear();
    find("title").textContent = folder?.name ?? "";
    find("first").textContent = t("folderFirst", { count: MAX_PHOTOS });
    if (!folder) return;
    const { photos, running, left } = folder;
    const done = photos.filter(({ status }) => status === "done").length;
    const failed = photos.filter(({ status }) => status === "failed").length;
    find("progress").value = (done + failed) / photos.length;
    find("progress").hidden = !running;
    find("text").textContent = t(failed ? "folderFailed" : "folderDone", { done, failed, count: photos.length });
    find("run").hidden = !running && !left.length;
    find("run").textContent = t(running ? "stop" : "goOn");
    find("threshold").parentElement.hidden = photos.some(({ result }) => typeof result?.sure === "boolean"); // the model's decides
    drawFilter(photos);
    show();
  }

  /** Speak the language that has been chosen since. */
  function translate() {
    for (const [photo, row] of rows) fill(row, photo);
    draw();
  }

  // Not while it is open: the list would change under the finger.
  function drawFilter(photos) {
    const select = find("filter");
    if (document.activeElement === select && folder.running) return;
    const { value } = select;
    const labels = new Map();
    for (const { result } of photos) if (result) labels.set(result.predictions[0].label, (labels.get(result.predictions[0].label) ?? 0) + 1);
    const byCount = [...labels].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    select.replaceChildren(
      new Option(t("filterAll", { count: photos.length }), ""),
      new Option(t("filterUnsure", { count: photos.filter(unsure).length }), "unsure"),
      new Option(t("filterFailed", { count: photos.filter((photo) => photo.status === "failed").length }), "failed"),
      ...byCount.map(([label, count]) => new Option(`${label} (${count})`, `class ${label}`)),
    );
    select.value = value;
    if (select.selectedIndex < 0) select.value = "";
  }

  function show() {
    const { value } = find("filter");
    const shown = {
      "": () => true,
      unsure,
      failed: ({ status }) => status === "failed",
    }[value] ?? (({ result }) => `class ${result?.predictions[0].label}` === value);
    for (const [photo, row] of rows) {
      row.hidden = !shown(photo);
      row.classList.toggle("unsure", Boolean(unsure(photo)));
    }
  }

  find("run").addEventListener("click", () => (folder.running ? folder.stop() : folder.run()));
  find("clear").addEventListener("click", () => {
    close();
    document.getElementById("folder-picker").focus();
  });
  find("filter").addEventListener("change", show);
  find("filter").addEventListener("blur", draw);
  find("threshold").addEventListener("input", draw);
  find("csv").addEventListener("click", () => save(folder.csv(threshold()), `${folder.name}.csv`));
  return { open, translate };
}

function newRow(photo) {
  const row = document.getElementById("row-template").content.firstElementChild.cloneNode(true);
  fill(row, photo);
  return row;
}

function fill(row, { path, status, thumbnail, result, failure }) {
  const image = row.querySelector("img");
  if (thumbnail && image.src !== thumbnail) image.src = thumbnail;
  image.hidden = !thumbnail;
  const best = result?.predictions[0];
  row.dataset.status = status;
  row.querySelector(".path").textContent = path;
  row.querySelector(".label").textContent = result ? inWords(result) : failure ? sentence(failure) : t(status);
  row.querySelector(".share").textContent = best ? probability(best.score) : "";
}

function save(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
}
