// The network: one function a request, each with a time limit and a way to end it early.

import { API_BASE } from "./config.js";
import { pause } from "./pause.js";

const PREDICT_LIMIT_MS = 35_000; // the gateway gives up after 29 s
const LIMIT_MS = 15_000;
const BUSY = [429, 503];
const PATIENCE = { retries: 2, longestS: 5, otherwiseS: 0 };

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
export function predict(file, { onProgress, signal, patience }) {
  const headers = { "content-type": mediaType(file) };
  const attempt = () => send(`${API_BASE}/v1/predict`, file, { headers, limitMs: PREDICT_LIMIT_MS, onProgress, signal });
  return retryWhenBusy(async () => answer(await attempt()), signal, patience);
}

/** Announce a photo of the type `contentType`: its prediction, and the form that uploads it. */
export const announceUpload = (file, contentType) => retryWhenBusy(() => postJson("/v1/uploads", { content_type: contentType, bytes: file.size }));

/** Where a prediction that is answered later stands, and in how many seconds to ask again. */
export async function getPrediction(id, signal) {
  const response = await request(`/v1/predictions/${encodeURIComponent(id)}`, { signal });
  return { ...answer(response), retryAfterS: Number(response.retryAfter) || 0 };
}

/** Say whether a prediction was right. Sending it again replaces it, so a retry cannot count twice. */
export const sendFeedback = (feedback) => retryWhenBusy(() => postJson("/v1/feedback", feedback));

/** The image model, which /v1/models describes first. */
export const getModel = async () => (await get("/v1/models")).models[0];

/** Every class, as /v1/labels lists them. */
export const getLabels = async () => (await get("/v1/labels")).labels;

/** A tabular model, as /v1/models/NAME describes it. */
export const describeModel = (name) => get(`/v1/models/${name}`);

/** The species of an iris by its measurements in cm. */
export const classifyIris = async (flower) => (await retryWhenBusy(() => postJson("/v1/classify", flower))).data;

/** How likely a flight is to be late, and whether that is called late. */
export async function askDelay(flight) {
  const { threshold, flights } = await retryWhenBusy(() => postJson("/v1/flights/delay", [flight]));
  return { threshold, ...flights[0] };
}

/** The airlines that the delay model knows. */
export const getAirlines = async () => (await get("/v1/flights/airlines")).airlines;

/** Make sure that the service is awake; it may take a cold start. */
export const wake = () => get("/v1/health", { limitMs: PREDICT_LIMIT_MS });

/** The shell command that does what the page does. */
export function curlCommand(file) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const url = new URL(`${API_BASE}/v1/predict`, location.href);
  return `curl -H ${quoted(`Content-Type: ${mediaType(file)}`)} --data-binary ${quoted(`@${file.name}`)} ${url}`;
}

// A chosen file may come without a type; the service looks at the bytes anyway.
const mediaType = (file) => (file.type.startsWith("image/") ? file.type : "application/octet-stream");

const get = async (path, options) => answer(await request(path, options));

async function postJson(path, body) {
  const headers = { "content-type": "application/json" };
  return answer(await request(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function request(path, { limitMs = LIMIT_MS, signal, ...options } = {}) {
  const signals = [AbortSignal.timeout(limitMs), signal].filter(Boolean);
  try {
    const response = await fetch(API_BASE + path, { ...options, signal: AbortSignal.any(signals) });
    return { status: response.status, text: await response.text(), retryAfter: response.headers.get("retry-after") };
  } catch (error) {
    signal?.throwIfAborted();
    throw new ApiError(error.name === "TimeoutError" ? "timeout" : "network");
  }
}

/**
 * Post a file or a form, and hear how far it has come: fetch cannot tell, XMLHttpRequest can.
 * @returns {Promise<{status: number, text: string, retryAfter: string|null}>}
 */
export function send(url, body, { headers = {}, limitMs, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", url);
    xhr.timeout = limitMs;
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    xhr.upload.onload = () => onProgress(1);
    xhr.ontimeout = () => reject(new ApiError("timeout"));
    xhr.onerror = () => reject(new ApiError("network"));
    xhr.onabort = () => reject(signal.reason);
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText, retryAfter: xhr.getResponseHeader("retry-after") });
    signal.addEventListener("abort", () => xhr.abort(), { once: true });
    xhr.send(body);
  });
}

/** The JSON object of a response, or the ApiError that it is. */
function answer({ status, text, retryAfter }) {
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
    detail: body.detail ?? body.error?.message ?? body.message ?? "",
    retryAfterS: Number(retryAfter) || 0,
  });
}

/**
 * Ask again when the service says that it is busy, and when to come back; nothing else is repeated
 * unasked. Where it names no time, `otherwiseS` is waited, or with 0 not asked again.
 */
async function retryWhenBusy(attempt, signal, { retries, longestS, otherwiseS } = PATIENCE) {
  for (let left = retries; ; left -= 1) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const waitS = error.retryAfterS || otherwiseS;
      if (!BUSY.includes(error.status) || !waitS || !left) throw error;
      await pause(Math.min(waitS, longestS), signal);
    }
  }
}
