// A folder that was chosen or dropped → its photos, by path.

export const MAX_PHOTOS = 500;
const READ_BY_NAME = /\.(tiff?|hei[cf]|avif|webp)$/i; // where the system knows no type for them

/**
 * @typedef {{path: string, file: File}} FoundPhoto  `path` begins with the folder's name
 *
 * @param {FileList} files of an input that takes a folder
 * @returns {FoundPhoto[]} at most one more than MAX_PHOTOS
 */
export const photosOfInput = (files) => photosOf([...files].map((file) => ({ path: file.webkitRelativePath, file })));

/** The directories among what was dropped; to be asked for while the event is handled. */
export function droppedDirectories({ items }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  return entries.some((entry) => entry.isDirectory) ? entries : [];
}

/** @returns {Promise<FoundPhoto[]>} of all entries; as with photosOfInput */
export async function photosOfEntries(entries) {
  const found = [];
  for (const entry of entries) for await (const photo of walk(entry)) {
    if (isPhoto(photo)) found.push(photo);
    if (found.length > MAX_PHOTOS) break; // somebody may drop a whole disk
  }
  return photosOf(found);
}

async function* walk(entry) {
  if (entry.isFile) {
    yield { path: entry.fullPath.slice(1), file: await new Promise((resolve, reject) => entry.file(resolve, reject)) };
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return; // it gives them in portions
    for (const inner of entries) yield* walk(inner);
  }
}

const isPhoto = ({ path, file }) => !/(^|\/)\./.test(path) && (file.type.startsWith("image/") || READ_BY_NAME.test(path));

const photosOf = (found) => found.filter(isPhoto).sort((a, b) => (a.path < b.path ? -1 : 1)).slice(0, MAX_PHOTOS + 1);
