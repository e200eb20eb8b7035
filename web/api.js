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

/** Classify a photo; `onProgress` hears the share of its bytes that were sent, 0…1. */
export function predict(file, { onProgress, signal } = {}) {
  const type = file.type.startsWith("image/") ? file.type : "application/octet-stream";
  return retryWhenBusy(() => upload(`${API_BASE}/v1/predict`, file, type, onProgress, signal), signal);
}

/** Say whether a prediction was right. Sending it again replaces it, so a retry cannot count twice. */
export function sendFeedback(feedback) {
  return request("/v1/feedback", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(feedback),
  });
}

export const getModel = async () => (await request("/v1/models")).models[0];

export const getLabels = async () => (await request("/v1/labels")).labels;

/** Make sure that the service is awake; it may take a cold start. */
export const wake = () => request("/v1/health", { limitMs: PREDICT_LIMIT_MS });

/** The shell command that does what the page does. */
export function curlCommand(file) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const url = new URL(`${API_BASE}/v1/predict`, location.href);
  return `curl -H 'Content-Type: ${file.type || "image/jpeg"}' --data-binary ${quoted(`@${file.name}`)} ${url}`;
}

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
function upload(url, file, type, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", url);
    xhr.timeout = PREDICT_LIMIT_MS;
    xhr.setRequestHeader("content-type", type);
    xhr.upload.onprogress = (event) => event.lengthComputable && onProgress?.(event.loaded / event.total);
    xhr.upload.onload = () => onProgress?.(1);
    xhr.ontimeout = () => reject(new ApiError("timeout"));
    xhr.onerror = () => reject(new ApiError("network"));
    xhr.onabort = () => reject(signal?.reason ?? new ApiError("network"));
    xhr.onload = () => {
      try {
        resolve(answer(xhr.status, xhr.responseText, xhr.getResponseHeader("retry-after")));
      } catch (error) {
        reject(error);
      }
    };
    signal?.addEventListener("abort", () => xhr.abort(), { once: true });
    xhr.send(file);
  });
}

function answer(status, text, retryAfter) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = {};
  }
  if (status >= 200 && status < 300) return body;
  throw new ApiError("problem", {
    status,
    code: body.code ?? `http_${status}`,
    detail: body.detail ?? body.message ?? "",
    retryAfterS: Number(retryAfter) || 0,
  });
}

async function retryWhenBusy(attempt, signal) {
  for (let left = RETRIES; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (error.status !== 503 || !error.retryAfterS || !left || signal?.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(error.retryAfterS, LONGEST_WAIT_S) * 1000));
    }
  }
}
