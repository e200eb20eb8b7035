// A chosen file → what is sent, and a small picture of it.

import { PageError } from "./failure.js";
import { megabytes } from "./i18n.js";

const MAX_BYTES = 4_500_000;
const MAX_UPLOAD_BYTES = 50_000_000;
const MAX_PIXELS = 50_000_000;
const COPY_SIDE = 2048; // eight times what the model sees, so nothing it could use is lost
const COPY_QUALITIES = [0.9, 0.7, 0.5]; // the first that fits; only noise needs a second
const THUMBNAIL_SIDE = 320;
const SMALL_SIDE = 112; // a row's, on screens of two pixels a point

/** Formats the service reads, by how their files begin. */
const READ = {
  jpeg: /^\xff\xd8\xff/,
  png: /^\x89PNG/,
  webp: /^RIFF....WEBP/s,
  gif: /^GIF8/,
  bmp: /^BM/,
  tiff: /^(II\*\0|MM\0\*)/,
};
const HEIC = /^....ftyp(hei|hev|mif1|msf1)/s;

/**
 * Make a file ready: a JPEG copy takes its place where the service would not take the file itself.
 * Without a thumbnail the browser cannot show it; `uploadAs` is the media type of one that is too
 * large for a request.
 * @param {File} file
 * @param {object} [options]
 * @param {boolean} [options.uploads] whether it may be
 * @param {(bitmap: ImageBitmap) => string|Promise<string>} [options.thumbnailOf] its address
 * @returns {Promise<{file: File, thumbnail?: string, uploadAs?: string, copy?: import("./store.js").Copy}>}
 * @throws {PageError}
 */
export async function prepare(file, { uploads = false, thumbnailOf = asDataUrl } = {}) {
  if (!file.size) throw new PageError("emptyFile");
  const maxBytes = uploads ? MAX_UPLOAD_BYTES : MAX_BYTES;
  const start = await beginning(file);
  const format = Object.keys(READ).find((name) => READ[name].test(start));
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    if (HEIC.test(start)) throw new PageError("heic");
    if (format !== "tiff") throw new PageError("undecodable");
    // The service reads TIFF, most browsers do not: it is sent unseen.
    if (file.size > maxBytes) throw new PageError("tiffTooLarge", { limit: megabytes(maxBytes) });
    return { file, ...uploadOf(file, format) };
  }
  try {
    const thumbnail = await thumbnailOf(bitmap);
    const fits = file.size <= maxBytes && bitmap.width * bitmap.height <= MAX_PIXELS;
    if (format && fits) return { file, thumbnail, ...uploadOf(file, format) };
    const copied = await copyAsJpeg(bitmap, file.name);
    return { file: copied, thumbnail, copy: { reason: fits ? "converted" : "scaled", from: file.size, to: copied.size } };
  } finally {
    bitmap.close();
  }
}

const asDataUrl = (bitmap) => draw(bitmap, THUMBNAIL_SIDE).toDataURL("image/jpeg", 0.7);

/** A small picture that takes memory until its address is revoked. */
export async function asObjectUrl(bitmap) {
  const blob = await new Promise((resolve) => draw(bitmap, SMALL_SIDE).toBlob(resolve, "image/jpeg", 0.7));
  return blob ? URL.createObjectURL(blob) : undefined;
}

async function copyAsJpeg(bitmap, name) {
  const canvas = draw(bitmap, COPY_SIDE);
  for (const quality of COPY_QUALITIES) {
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
    if (blob && blob.size <= MAX_BYTES) {
      return new File([blob], name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
    }
  }
  throw new PageError("undecodable");
}

const uploadOf = (file, format) => (file.size > MAX_BYTES ? { uploadAs: `image/${format}` } : {});

function draw(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "white"; // what the service shows through transparent pixels
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

const beginning = async (file) => String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
