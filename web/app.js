// Puts the page together, and holds what happens: choose → prepare → upload → answer → feedback.

import { ApiError, getLabels, getModel, predict, sendFeedback, wake } from "./api.js";
import { UnusableImage, prepare } from "./image.js";
import { SAMPLES } from "./samples/samples.js";
import { Store } from "./store.js";
import { announce, mount } from "./view.js";

const AT_ONCE = 2; // uploads side by side; the rest wait
const WAKING_AFTER_MS = 400; // a service that answers faster was awake
const FIRST_GUESS_MS = 2000;
const AWAKE_FOR_MS = 4 * 60_000; // Lambda keeps an idle environment for minutes
const WAKE_TIMES = "wake-times-ms";
const REMEMBERED_WAKE_TIMES = 5;

const store = new Store(sessionStorage);
const queue = [];
let running = 0;
let awakeUntil = 0;
let waking = null;
let labels = null;

const actions = {
  addFiles(files) {
    for (const file of files) enqueue(file);
  },

  async addSample(file) {
    const response = await fetch(`samples/${file}`);
    enqueue(new File([await response.blob()], file, { type: "image/png" }));
  },

  wake: wakeUp,
  clear: () => store.clear(),
  select: (selectedId) => store.set({ selectedId }),

  retry(id) {
    if (store.photo(id).status !== "failed") return; // a second click while it runs
    store.updatePhoto(id, { status: "uploading", progress: 0, failure: undefined });
    enter(() => send(id));
  },

  askCorrection: (id) => store.updatePhoto(id, { feedback: { state: "asking" } }),
  reopen: (id) => store.updatePhoto(id, { feedback: { state: "none" } }),

  answer(id, { correct, label, comment }) {
    if (store.photo(id).feedback.state === "sending") return;
    const feedback = { correct, label: label?.label, wnid: label?.wnid, comment };
    return tell(id, feedback);
  },

  retryFeedback(id) {
    const { feedback } = store.photo(id);
    if (feedback.state === "failed") return tell(id, feedback);
  },

  getLabels() {
    labels ??= getLabels().catch((error) => {
      labels = null; // so that it is asked again
      throw error;
    });
    return labels;
  },
};

function enqueue(file) {
  const id = crypto.randomUUID?.() ?? String(Math.random()).slice(2); // plain http has no randomUUID
  store.add({ id, name: file.name || "photo", status: "preparing", progress: 0, feedback: { state: "none" } });
  wakeUp();
  enter(() => process(id, file));
}

/** Run `work` when its turn comes. */
function enter(work) {
  queue.push(work);
  next();
}

async function next() {
  if (running >= AT_ONCE || !queue.length) return;
  running += 1;
  await queue.shift()();
  running -= 1;
  next();
}

async function process(id, chosen) {
  try {
    const prepared = await prepare(chosen);
    store.updatePhoto(id, { ...prepared, status: "uploading" });
  } catch (error) {
    const key = error instanceof UnusableImage ? error.key : "unexpected";
    store.updatePhoto(id, { status: "failed", failure: { key, retry: false } });
    return;
  }
  await send(id);
}

async function send(id) {
  const photo = store.photo(id);
  if (!photo) return; // the history was cleared
  const onProgress = (progress) => store.updatePhoto(id, progress < 1 ? { progress } : { progress, status: "classifying" });
  try {
    const result = await predict(photo.file, { onProgress });
    awakeUntil = performance.now() + AWAKE_FOR_MS;
    store.updatePhoto(id, { status: "done", result });
    if (store.photo(id)) announce(store.photo(id));
  } catch (error) {
    store.updatePhoto(id, { status: "failed", failure: failure(error) });
  }
}

async function tell(id, { correct, label, wnid, comment }) {
  const said = { correct, label, wnid, comment };
  store.updatePhoto(id, { feedback: { ...said, state: "sending" } });
  const body = { prediction_id: store.photo(id).result.prediction_id, correct };
  if (label) body.label = wnid ?? label;
  if (comment) body.comment = comment;
  try {
    await sendFeedback(body);
    store.updatePhoto(id, { feedback: { ...said, state: "sent" } });
  } catch (error) {
    store.updatePhoto(id, { feedback: { ...said, state: "failed", failure: failure(error) } });
  }
}

/** What a person is told of `error`: the API's own words where it has any. */
function failure(error) {
  if (!(error instanceof ApiError)) return { key: "unexpected", retry: true };
  if (error.kind !== "problem") return { key: error.kind, retry: true };
  const mayWork = error.status >= 500 || error.status === 429 || error.status === 408;
  if (error.detail) return { message: error.detail, retry: mayWork };
  return { key: "http", status: error.status, retry: mayWork };
}

/** Start the service while the person is still choosing; say so only if it was asleep. */
function wakeUp() {
  if (performance.now() < awakeUntil) return waking;
  waking ??= rouse().finally(() => (waking = null));
  return waking;
}

async function rouse() {
  const began = performance.now();
  const timer = setTimeout(() => store.set({ waking: { expectedMs: expectedWakeMs() } }), WAKING_AFTER_MS);
  try {
    await wake();
    const tookMs = performance.now() - began;
    if (tookMs > WAKING_AFTER_MS) rememberWake(tookMs);
    awakeUntil = performance.now() + AWAKE_FOR_MS;
    store.set({ offline: false });
    if (!store.model) store.set({ model: await getModel() });
  } catch {
    store.set({ offline: true });
  } finally {
    clearTimeout(timer);
    store.set({ waking: null });
  }
}

function wakeTimes() {
  try {
    return JSON.parse(localStorage.getItem(WAKE_TIMES)) ?? [];
  } catch {
    return [];
  }
}

/** The median of how long it took before. */
function expectedWakeMs() {
  const times = wakeTimes().sort((one, other) => one - other);
  return times[Math.floor(times.length / 2)] ?? FIRST_GUESS_MS;
}

function rememberWake(tookMs) {
  try {
    localStorage.setItem(WAKE_TIMES, JSON.stringify([...wakeTimes(), Math.round(tookMs)].slice(-REMEMBERED_WAKE_TIMES)));
  } catch {
    // forbidden: the estimate stays the first guess
  }
}

mount(store, actions, SAMPLES);
wakeUp();
