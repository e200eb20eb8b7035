// A photo too large for a request: posted to the bucket as it is, and answered when its turn comes.

import { ApiError, announceUpload, getPrediction, send } from "./api.js";
import { PageError, mayPass } from "./failure.js";
import { pause } from "./pause.js";

const UPLOAD_LIMIT_MS = 20 * 60_000; // S3 looks at the form's 10 minutes when an upload begins
const SLOW_AFTER_MS = 20_000;
const PAUSE_S = 1; // where the service names none
const LONGEST_PAUSE_S = 30;
const FAILED_TRIES = 5;

/**
 * Upload a photo; `onProgress` hears the share of it that was sent, 0…1.
 * @returns {Promise<string>} the id of its prediction
 */
export async function uploadPhoto(file, contentType, { onProgress, signal }) {
  const { prediction, upload } = await announceUpload(file, contentType);
  signal.throwIfAborted();
  const form = new FormData();
  for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
  form.append("file", file); // last: S3 reads no field behind it
  const response = await posted(upload.url, form, { limitMs: UPLOAD_LIMIT_MS, onProgress, signal });
  if (response.status >= 200 && response.status < 300) return prediction.id;
  throw refusal(response);
}

async function posted(url, form, options) {
  try {
    return await send(url, form, options);
  } catch (error) {
    throw error instanceof ApiError ? new PageError("uploadLost", { retry: true }) : error;
  }
}

function refusal({ status, text }) {
  const code = /<Code>(\w+)<\/Code>/.exec(text)?.[1];
  if (code === "EntityTooLarge" || code === "EntityTooSmall") return new PageError("uploadWrongSize");
  return new PageError(status === 403 ? "uploadExpired" : "uploadRefused", { status, retry: true });
}

/**
 * Ask for a prediction until it is there; `onSlow` is called once when that takes long.
 * @throws {PageError} there will be no answer; an ApiError says only that none could be asked for
 */
export async function awaitPrediction(id, { onSlow, signal }) {
  const began = performance.now();
  const slow = setTimeout(onSlow, SLOW_AFTER_MS);
  try {
    for (let failed = 0; ; ) {
      let pauseS = PAUSE_S;
      try {
        const state = await getPrediction(id, signal);
        if (state.status === "succeeded") return state.prediction;
        if (state.status === "failed") throw new PageError("predictionFailed", state.error);
        if (state.status === "expired") throw new PageError("predictionExpired", { retry: true });
        failed = 0;
        pauseS = state.retryAfterS || PAUSE_S;
      } catch (error) {
        if (error.code === "prediction_not_found") throw new PageError("predictionGone");
        failed += 1;
        if (!(error instanceof ApiError) || !mayPass(error) || failed > FAILED_TRIES) throw error;
        pauseS = error.retryAfterS || PAUSE_S;
      }
      const waitedS = (performance.now() - began) / 1000;
      await pause(Math.max(pauseS, Math.min(waitedS / 10, LONGEST_PAUSE_S)), signal);
    }
  } finally {
    clearTimeout(slow);
  }
}
