// Starts the service while the person is still choosing, and learns how long that takes.

import { getModel, wake } from "./api.js";

const SAY_SO_AFTER_MS = 400; // a service that answers faster was awake
const FIRST_GUESS_MS = 2000;
const AWAKE_FOR_MS = 4 * 60_000; // Lambda keeps an idle environment for minutes
const TIMES = "wake-times-ms";
const TIMES_KEPT = 5;

/** @param {import("./store.js").Store} store told of `waking`, `offline` and `model` */
export function createWaker(store) {
  let awakeUntil = 0;
  let waking = null;

  async function rouse() {
    const began = performance.now();
    const timer = setTimeout(() => store.set({ waking: { expectedMs: expectedMs() } }), SAY_SO_AFTER_MS);
    try {
      await wake();
      const tookMs = performance.now() - began;
      if (tookMs > SAY_SO_AFTER_MS) remember(tookMs);
      if (!store.model) store.set({ model: await getModel() });
      answered();
    } catch {
      store.set({ offline: true });
    } finally {
      clearTimeout(timer);
      store.set({ waking: null });
    }
  }

  /** The service has just answered, so it is awake. */
  function answered() {
    awakeUntil = performance.now() + AWAKE_FOR_MS;
    if (store.offline) store.set({ offline: false });
  }

  return {
    answered,
    /** Wake the service, unless it is awake or waking already. */
    wake() {
      if (performance.now() < awakeUntil) return;
      waking ??= rouse().finally(() => (waking = null));
    },
  };
}

/** The median of how long it took before. */
function expectedMs() {
  const times = remembered().sort((one, other) => one - other);
  return times[Math.floor(times.length / 2)] ?? FIRST_GUESS_MS;
}

function remember(tookMs) {
  try {
    localStorage.setItem(TIMES, JSON.stringify([...remembered(), Math.round(tookMs)].slice(-TIMES_KEPT)));
  } catch {
    // forbidden: the estimate stays the first guess
  }
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(TIMES)).filter(Number.isFinite);
  } catch {
    return []; // nothing there, or not what was put there
  }
}
