// The network: one function a request, each with a time limit and a way to end it early.

import { API_BASE } from "./config.js";

const PREDICT_LIMIT_MS = 35_000; // the gateway gives up after 29 s
const LIMIT_MS = 15_000;
const RETRIES = 2;
const LONGEST_WAIT_S = 5;

/** What went wrong: `kind` is "problem" (the API said so), "network" or "timeout". */
export class ApiError extends Error {
  constructor(kind, { status = 0, code = kind, detail = "", retryAfterS = 0 } = {}) {
    super(detail || code);
    Object.assign(this, { kind, status, code, detail, retryAfterS });
  }
}

/** Where the API describes itself. */
export const DOCS_URL = `${API_BASE}/v1/docs`;

/** Classify a photo; `onProgress` hears the share of its bytes that were sent, 0…1. */
export const predict = (file, { onProgress, signal }) => retryWhenBusy(() => upload(file, onProgress, signal), signal);

/** Say whether a prediction was right. Sending it again replaces it, so a retry cannot count twice. */
export function sendFeedback(feedback) {
  const headers = { "content-type": "application/json" };
  return retryWhenBusy(() => request("/v1/feedback", { method: "POST", headers, body: JSON.stringify(feedback) }));
}

/** The model that serves, as /v1/models describes it. */
export const getModel = async () => (await request("/v1/models")).models[0];

/** Every class, as /v1/labels lists them. */
export const getLabels = async () => (await request("/v1/labels")).labels;

/** Make sure that the service is awake; it may take a cold start. */
export const wake = () => request("/v1/health", { limitMs: PREDICT_LIMIT_MS });

/** The shell command that does what the page does. */
export function curlCommand(file) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const url = new URL(`${API_BASE}/v1/predict`, location.href);
  return `curl -H ${quoted(`Content-Type: ${mediaType(file)}`)} --data-binary ${quoted(`@${file.name}`)} ${url}`;
}

// A chosen file may come without a type; the service looks at the bytes anyway.
const mediaType = (file) => (file.type.startsWith("image/") ? file.type : "application/octet-stream");

async function request(path, { limitMs = LIMIT_MS, ...options } = {}) {
  let response;
  let text;
  try {
    response = await fetch(API_BASE + path, { ...options, signal: AbortSignal.timeout(limitMs) });
    text = await response.text();
  } catch (error) {
    throw new ApiError(error.name === "TimeoutError" ? "timeout" : "network");
  }
  return answer(response.status, text, response.headers.get("retry-after"));
}

// fetch cannot tell how far an upload has come, XMLHttpRequest can.
function upload(file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", `${API_BASE}/v1/predict`);
    xhr.timeout = PREDICT_LIMIT_MS;
    xhr.setRequestHeader("content-type", mediaType(file));
    xhr.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    xhr.upload.onload = () => onProgress(1);
    xhr.ontimeout = () => reject(new ApiError("timeout"));
    xhr.onerror = () => reject(new ApiError("network"));
    xhr.onabort = () => reject(signal.reason);
    xhr.onload = () => {
      try {
        resolve(answer(xhr.status, xhr.responseText, xhr.getResponseHeader("retry-after")));
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener("abort", () => xhr.abort(), { once: true });
    xhr.send(file);
  });
}

function answer(status, text, retryAfter) {
  const ok = status >= 200 && status < 300;
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    if (ok) throw new ApiError("network"); // something in between answered, such as a hotel's login page
  }
  if (ok) return body;
  throw new ApiError("problem", {
    status,
    code: body.code ?? `http_${status}`,
    detail: body.detail ?? body.message ?? "",
    retryAfterS: Number(retryAfter) || 0,
  });
}

/** Ask again when the service says that it is busy, and when to come back. Nothing else is repeated unasked. */
async function retryWhenBusy(attempt, signal) {
  for (let left = RETRIES; ; left -= 1) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (error.status !== 503 || !error.retryAfterS || !left) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(error.retryAfterS, LONGEST_WAIT_S) * 1000));
    }
  }
}
