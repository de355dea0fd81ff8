// SPDX-License-Identifier: EUPL-1.2
// A page that was saved, or carried on a stick, checks with a saved copy of the catalogue: catalogue.zip, whose files
// are stored as they are. Only the list at its end and the files that are asked for are read, so it may be large.
// Source: APPNOTE.TXT 6.3.10 (ZIP), 4.3.7, 4.3.12, 4.3.16. A copy of 4 GB or more is not read.

const LONGEST_LIST = 64 * 1024 * KIB;

async function readSpan(file, from, to) {
  try {
    return new DataView(await file.slice(from, to).arrayBuffer());
  } catch {
    // The stick was pulled out
    throw new Doubt("unreachable");
  }
}

// Gives the place and size of each stored file by its name; nothing where this is no such archive.
async function listCopy(file) {
  const tail = await readSpan(file, Math.max(0, file.size - 65557), file.size);
  let end = tail.byteLength - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end--;
  const places = new Map();
  if (end < 0) return places;
  const [size, from] = [12, 16].map((field) => tail.getUint32(end + field, true));
  if (size > LONGEST_LIST) return places;
  const list = await readSpan(file, from, from + size);
  for (let at = 0; at + 46 <= list.byteLength && list.getUint32(at, true) === 0x02014b50;) {
    const [name, ...others] = [28, 30, 32].map((field) => list.getUint16(at + field, true));
    const text = new TextDecoder().decode(new Uint8Array(list.buffer, at + 46, Math.min(name, list.byteLength - at - 46)));
    if (!list.getUint16(at + 10, true)) places.set(text, [42, 24].map((field) => list.getUint32(at + field, true)));
    at += 46 + name + others[0] + others[1];
  }
  return places;
}

// Gives what reads a path of the catalogue out of the copy: bytes, or null where it has none.
async function openCopy(file) {
  const places = await listCopy(file);
  return async (path, limit) => {
    const place = places.get(`catalogue/${path}`);
    if (!place) return null;
    const [from, size] = place;
    need(size <= limit);
    const head = await readSpan(file, from, from + 30);
    need(head.byteLength === 30);
    const start = from + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    return new Uint8Array((await readSpan(file, start, start + size)).buffer);
  };
}
