// Puts the page together, and holds what happens: choose → prepare → upload → answer → feedback.

import { ApiError, getLabels, predict, sendFeedback } from "./api.js";
import { UPLOADS } from "./config.js";
import { PageError, failure } from "./failure.js";
import { prepare } from "./image.js";
import { SAMPLES } from "./samples/samples.js";
import { Store } from "./store.js";
import { awaitPrediction, uploadPhoto } from "./upload.js";
import { announce, mount } from "./view.js";
import { createFolderView } from "./folder-view.js";
import { createWaker } from "./waking.js";

const AT_ONCE = 2; // uploads side by side; the rest wait

const store = new Store(() => sessionStorage);
const waker = createWaker(store);
const folders = createFolderView(waker.answered);
const chosen = new Map(); // photo id → the file as it was chosen
const stops = new Map(); // photo id → AbortController of its latest try
const queue = [];
let running = 0;
let labels = null;

const actions = {
  addFiles(files) {
    const [first] = files.map(add);
    if (first) store.set({ selectedId: first }); // it is answered first
  },

  async addSample(name) {
    const file = `${name}.png`;
    try {
      const response = await fetch(new URL(`samples/${file}`, import.meta.url));
      if (!response.ok) throw new ApiError("network");
      add(new File([await response.blob()], file, { type: "image/png" }));
    } catch {
      store.set({ offline: true });
    }
  },

  openFolder: folders.open,
  translateFolder: folders.translate,
  wake: waker.wake,
  select: (selectedId) => store.set({ selectedId }),

  clear() {
    for (const stop of stops.values()) stop.abort();
    chosen.clear();
    stops.clear();
    store.clear();
  },

  cancel(id) {
    const key = store.photo(id).status === "queued" ? "stoppedWaiting" : "cancelled";
    stops.get(id).abort();
    store.updatePhoto(id, { status: "failed", failure: { key, retry: true } });
  },

  retry(id) {
    if (store.photo(id).status === "failed") start(id); // else it is a second click
  },

  askCorrection: (id) => settled(id) && store.updatePhoto(id, { feedback: { state: "asking" } }),
  reopen: (id) => settled(id) && store.updatePhoto(id, { feedback: { state: "none" } }),

  answer(id, { correct, label, comment }) {
    if (settled(id)) tell(id, { correct, label: label?.label, wnid: label?.wnid, comment });
  },

  retryFeedback(id) {
    const { feedback } = store.photo(id);
    if (feedback.state === "failed") tell(id, feedback);
  },

  getLabels() {
    labels ??= getLabels().catch((error) => {
      labels = null; // so that it is asked again
      throw error;
    });
    return labels;
  },
};

function add(file) {
  const id = crypto.randomUUID?.() ?? String(Math.random()).slice(2); // plain http has no randomUUID
  chosen.set(id, file);
  store.add({ id, name: file.name || "photo", status: "waiting", progress: 0, feedback: { state: "none" } });
  waker.wake();
  start(id);
  return id;
}

/** Classify a photo when its turn comes, unless it is called off. */
function start(id) {
  const stop = new AbortController();
  stops.set(id, stop);
  if (store.photo(id).prediction) {
    follow(id, stop.signal);
    return;
  }
  store.updatePhoto(id, { status: "waiting", progress: 0 });
  queue.push(() => classify(id, stop.signal));
  next();
}

async function next() {
  if (running >= AT_ONCE || !queue.length) return;
  running += 1;
  try {
    await queue.shift()();
  } finally {
    running -= 1;
    next();
  }
}

/** Classify a photo in one request, or upload it where it is too large for that. */
const classify = (id, signal) =>
  attempt(id, signal, async (update) => {
    update({ status: "preparing" });
    if (!store.photo(id).file) {
      const prepared = await prepare(chosen.get(id), { uploads: UPLOADS });
      signal.throwIfAborted();
      update({ ...prepared, preview: prepared.thumbnail && URL.createObjectURL(prepared.file) });
    }
    const { file, uploadAs } = store.photo(id);
    update({ status: "uploading" });
    if (uploadAs) {
      const onProgress = (progress) => update({ progress });
      update({ prediction: await uploadPhoto(file, uploadAs, { signal, onProgress }) });
      follow(id, signal); // not waited for, so that the next photo can be sent
      return;
    }
    const onProgress = (progress) => update(progress < 1 ? { progress } : { progress, status: "classifying" });
    update({ status: "done", result: await predict(file, { signal, onProgress }) });
    finished(id);
  });

/** Wait for an uploaded photo's turn. */
const follow = (id, signal) =>
  attempt(id, signal, async (update) => {
    update({ status: "queued", slow: false });
    const onSlow = () => update({ slow: true });
    update({ status: "done", result: await awaitPrediction(store.photo(id).prediction, { signal, onSlow }) });
    finished(id);
  });

/** Run `steps` with a function that updates the photo, unless it is called off. */
async function attempt(id, signal, steps) {
  try {
    await steps((changes) => {
      signal.throwIfAborted();
      store.updatePhoto(id, changes);
    });
  } catch (error) {
    if (!signal.aborted) failed(id, error);
  }
}

function finished(id) {
  waker.answered();
  announce(store.photo(id));
}

function failed(id, error) {
  const { retry, ...rest } = failure(error);
  const prediction = error instanceof PageError ? undefined : store.photo(id).prediction; // it can be asked for again
  const possible = retry && Boolean(prediction || chosen.has(id)); // after a reload the file is gone
  store.updatePhoto(id, { status: "failed", prediction, failure: { ...rest, retry: possible } });
  announce(store.photo(id));
}

const settled = (id) => store.photo(id).feedback.state !== "sending";

async function tell(id, { correct, label, wnid, comment }) {
  const said = { correct, label, wnid, comment };
  const body = { prediction_id: store.photo(id).result.prediction_id, correct };
  if (label) body.label = wnid ?? label;
  if (comment) body.comment = comment;
  store.updatePhoto(id, { feedback: { ...said, state: "sending" } });
  try {
    await sendFeedback(body);
    store.updatePhoto(id, { feedback: { ...said, state: "sent" } });
  } catch (error) {
    store.updatePhoto(id, { feedback: { ...said, state: "failed", failure: failure(error) } });
  }
}

mount(store, actions, SAMPLES);
for (const { id, status } of store.photos) if (status === "queued") start(id); // before a reload
waker.wake();
