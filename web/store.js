// The page's whole state, and who wants to know when it changes.

const KEPT = "session";
const KEPT_PHOTOS = 30;

/**
 * @typedef {object} Photo
 * @property {string} id
 * @property {string} name
 * @property {"waiting"|"preparing"|"uploading"|"classifying"|"queued"|"done"|"failed"} status
 * @property {number} progress      share of the bytes that have been sent, 0…1
 * @property {File|Blob} [file]     what is sent; gone after a reload
 * @property {string} [preview]     address of the upright picture
 * @property {string} [thumbnail]   data: URL, kept over a reload
 * @property {string} [uploadAs]    media type of a photo that is too large for a request
 * @property {string} [prediction]  id that an uploaded photo's answer is asked for by, kept over a reload
 * @property {boolean} [slow]       whether its turn is long in coming
 * @property {Copy} [copy]          set where a copy is sent instead of the chosen file
 * @property {object} [result]      the API's answer
 * @property {Failure} [failure]
 * @property {{state: "none"|"asking"|"sending"|"sent"|"failed", correct?: boolean,
 *             label?: string, failure?: Failure}} feedback
 *
 * @typedef {{message?: string, key?: string, retry: boolean}} Failure
 *   `key` names one of the page's own sentences; else `message` is the API's.
 * @typedef {{reason: "scaled"|"converted", from: number, to: number}} Copy  sizes in bytes
 */
export class Store extends EventTarget {
  /** @param {() => Storage} storage where the session's history outlives a reload; may throw */
  constructor(storage) {
    super();
    this.storage = storage;
    /** @type {Photo[]} newest first */
    this.photos = restore(storage);
    this.selectedId = this.photos[0]?.id ?? null;
    this.model = null;
    /** @type {null|{expectedMs: number}} while the service starts */
    this.waking = null;
    this.offline = false;
  }

  /** @param {Photo} photo */
  add(photo) {
    this.photos = [photo, ...this.photos];
    this.selectedId = photo.id;
    this.#changed();
  }

  /** @param {string} id @param {Partial<Photo>} changes */
  updatePhoto(id, changes) {
    this.photos = this.photos.map((photo) => (photo.id === id ? { ...photo, ...changes } : photo));
    if (changes.status === "done" || changes.feedback || "prediction" in changes) keep(this.storage, this.photos);
    this.#changed();
  }

  /** @param {object} changes to model, waking, offline or selectedId */
  set(changes) {
    Object.assign(this, changes);
    this.#changed();
  }

  clear() {
    for (const photo of this.photos) if (photo.preview?.startsWith("blob:")) URL.revokeObjectURL(photo.preview);
    keep(this.storage, []);
    this.set({ photos: [], selectedId: null });
  }

  photo(id) {
    return this.photos.find((photo) => photo.id === id);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

function keep(storage, photos) {
  const answered = photos.filter((photo) => photo.status === "done" || photo.prediction).slice(0, KEPT_PHOTOS);
  const kept = answered.map(({ id, name, thumbnail, prediction, result, feedback, copy }) => ({
    id,
    name,
    thumbnail,
    prediction: result ? undefined : prediction,
    result,
    copy,
    feedback: feedback.state === "sent" ? feedback : { state: "none" },
  }));
  try {
    storage().setItem(KEPT, JSON.stringify(kept));
  } catch {
    // full, or forbidden: a reload then shows what was kept before
  }
}

function restore(storage) {
  try {
    const kept = JSON.parse(storage().getItem(KEPT)).filter((photo) => photo.prediction || photo.result.predictions.length);
    return kept.map((photo) => ({ ...photo, status: photo.result ? "done" : "queued", progress: 1, preview: photo.thumbnail }));
  } catch {
    return []; // nothing there, or not what was put there
  }
}
