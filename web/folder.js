// A folder of photos, classified four at a time.

import { isUnsure } from "./answer.js";
import { predict } from "./api.js";
import { csv } from "./csv.js";
import { failure } from "./failure.js";
import { asObjectUrl, prepare } from "./image.js";

const AT_ONCE = 4;
const PATIENCE = { retries: 10, longestS: 60, otherwiseS: 2 }; // API Gateway's own 429 names no time
const COLUMNS = ["path", "bytes", "label", "wnid", "score", "unsure", "model", "version", "error"];

/**
 * @typedef {object} FolderPhoto
 * @property {string} path
 * @property {File} file
 * @property {"waiting"|"classifying"|"done"|"failed"} status
 * @property {string} [thumbnail]  object URL, until the folder is discarded
 * @property {object} [result]     the API's answer
 * @property {import("./store.js").Failure} [failure]
 */

/** Sends "change" with the photo as its detail, and "end" when nothing runs any more. */
export class Folder extends EventTarget {
  #stop = null;

  /** @param {import("./directory.js").FoundPhoto[]} photos */
  constructor(photos) {
    super();
    /** @type {FolderPhoto[]} */
    this.photos = photos.map((photo) => ({ ...photo, status: "waiting" }));
    this.name = photos[0].path.split("/")[0];
  }

  get running() {
    return this.#stop !== null;
  }

  /** What a run would classify: all that is not answered, and what may be if it is tried again. */
  get left() {
    return this.photos.filter(({ status, failure }) => status === "waiting" || failure?.retry);
  }

  async run() {
    const stop = (this.#stop = new AbortController());
    const { left } = this;
    for (const photo of left) this.#change(photo, { status: "waiting", failure: undefined });
    const work = async () => {
      while (left.length && !stop.signal.aborted) await this.#classify(left.shift(), stop.signal);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (this.#stop === stop) this.#stop = null;
    this.dispatchEvent(new Event("end"));
  }

  stop() {
    this.#stop?.abort();
  }

  /** Stop, and give the thumbnails' memory back. */
  discard() {
    this.stop();
    for (const { thumbnail } of this.photos) if (thumbnail) URL.revokeObjectURL(thumbnail);
  }

  /** The text of a CSV file; see `isUnsure` for `threshold`. */
  csv(threshold) {
    const rows = this.photos.map(({ path, file, result, failure }) => {
      const best = result?.predictions[0];
      const error = failure && (failure.code ?? failure.key);
      return [path, file.size, best?.label, best?.wnid, best?.score, result && isUnsure(result, threshold), result?.model.name, result?.model.version, error];
    });
    return csv([COLUMNS, ...rows]);
  }

  async #classify(photo, signal) {
    try {
      this.#change(photo, { status: "classifying" });
      const { file, thumbnail } = await prepare(photo.file, { thumbnailOf: (bitmap) => photo.thumbnail ?? asObjectUrl(bitmap) });
      if (signal.aborted && !photo.thumbnail && thumbnail) URL.revokeObjectURL(thumbnail); // it may be discarded
      signal.throwIfAborted();
      this.#change(photo, { thumbnail });
      const result = await predict(file, { signal, onProgress() {}, patience: PATIENCE });
      this.#change(photo, { status: "done", result });
    } catch (error) {
      this.#change(photo, signal.aborted ? { status: "waiting" } : { status: "failed", failure: failure(error) });
    }
  }

  #change(photo, changes) {
    Object.assign(photo, changes);
    this.dispatchEvent(new CustomEvent("change", { detail: photo }));
  }
}
