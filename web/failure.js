// What a person is told of an error.

import { ApiError } from "./api.js";
import { t } from "./i18n.js";

/** An error with one of the page's own sentences, by its `key`; `values` are what the sentence names. */
export class PageError extends Error {
  constructor(key, { retry = false, ...values } = {}) {
    super(key);
    Object.assign(this, { key, retry, values });
  }
}

/** The API's own words where it has any.
 * @returns {import("./store.js").Failure} */
export function failure(error) {
  if (error instanceof PageError) return { ...error.values, key: error.key, retry: error.retry };
  if (!(error instanceof ApiError)) return { key: "unexpected", retry: true };
  if (error.kind !== "problem") return { key: error.kind, retry: true };
  const retry = mayPass(error);
  if (error.detail) return { message: error.detail, code: error.code, retry };
  return { key: "http", status: error.status, code: error.code, retry };
}

/** Whether the same request may succeed later. */
export const mayPass = ({ kind, status }) => kind !== "problem" || status >= 500 || status === 429 || status === 408;

export const sentence = (failure) => (failure.key ? t(failure.key, failure) : failure.message);
