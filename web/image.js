// A chosen file → what is sent, and what is shown.

export const MAX_BYTES = 4_500_000;
const MAX_PIXELS = 50_000_000;
const SCALED_SIDE = 2048; // eight times what the model sees, so nothing it could use is lost
const SCALED_QUALITY = 0.9;
const THUMBNAIL_SIDE = 112;

/** A file that cannot be sent; `key` names the sentence that says why. */
export class UnusableImage extends Error {
  constructor(key) {
    super(key);
    this.key = key;
  }
}

/**
 * Make a file ready: decode it upright, scale it down if it is over the service's limits.
 * @param {File} file
 * @returns {Promise<{file: File, preview?: string, thumbnail?: string, scaled?: {from: number, to: number}}>}
 * @throws {UnusableImage}
 */
export async function prepare(file) {
  if (!file.size) throw new UnusableImage("emptyFile");
  const format = await sniff(file);
  if (format === "heic") throw new UnusableImage("heic");
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    // The service reads TIFF, browsers do not: it is sent unseen.
    if (format === "tiff" && file.size <= MAX_BYTES) return { file };
    throw new UnusableImage(format === "tiff" ? "tiffTooLarge" : "undecodable");
  }
  try {
    const thumbnail = draw(bitmap, THUMBNAIL_SIDE).toDataURL("image/jpeg", 0.7);
    if (file.size <= MAX_BYTES && bitmap.width * bitmap.height <= MAX_PIXELS) {
      return { file, thumbnail, preview: URL.createObjectURL(file) };
    }
    const scaled = await scaleDown(bitmap, file.name);
    const sizes = { from: file.size, to: scaled.size };
    return { file: scaled, thumbnail, preview: URL.createObjectURL(scaled), scaled: sizes };
  } finally {
    bitmap.close();
  }
}

async function scaleDown(bitmap, name) {
  const canvas = draw(bitmap, SCALED_SIDE);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", SCALED_QUALITY));
  if (!blob) throw new UnusableImage("undecodable");
  return new File([blob], name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
}

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

async function sniff(file) {
  const bytes = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  const text = String.fromCharCode(...bytes);
  if (/^....ftyp(hei|hev|mif1|msf1)/s.test(text)) return "heic";
  if (text.startsWith("II*\0") || text.startsWith("MM\0*")) return "tiff";
  return "other";
}
