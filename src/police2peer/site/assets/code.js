// SPDX-License-Identifier: EUPL-1.2
// Codes, links and scanned addresses, read as the command line reads them (warningfiles/code.py, catalogue/link.py).

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// Powers of x in GF(2)[x] / (x^5 + x^2 + 1).
const POWER = [1];
while (POWER.length < 62) POWER.push(POWER.at(-1) << 1 ^ (POWER.at(-1) > 15 ? 37 : 0));
const LOG = (value) => POWER.indexOf(value);

// Reads twelve symbols in any case, with any dashes and blanks, O as 0, I and L as 1.
// Gives {code, exact} or null: `exact` is false when one symbol was wrong and `code` (or null) is the nearest code.
function readCode(raw) {
  if ([...raw].length > 64) return null;
  const kept = raw.normalize("NFKC").toUpperCase().replace(/[\s\x1c-\x1f\x85\p{Pd}\p{Cf}]/gu, "");
  const values = [...kept].map((sign) => ALPHABET.indexOf({ O: "0", I: "1", L: "1" }[sign] || sign));
  if (values.length !== 12 || values.includes(-1)) return null;
  let plain = 0;
  let weighted = 0;
  values.forEach((value, place) => {
    plain ^= value;
    weighted ^= value && POWER[LOG(value) + place];
  });
  const exact = !plain && !weighted;
  const place = (LOG(weighted) - LOG(plain) + 31) % 31;
  if (!exact && (!plain || !weighted || place > 11)) return { code: null, exact };
  if (!exact) values[place] ^= plain;
  const text = values.map((value) => ALPHABET[value]).join("");
  return { code: text.match(/..../g).join("-"), exact };
}

// Takes the code out of an address of a QR code; any other text stays as it is.
function takeCode(raw) {
  const address = raw.length > 16384 ? null : /^https?:\/\/[^#]*#(.*)$/is.exec(raw.trim());
  try {
    return address ? decodeURIComponent(address[1]) : raw;
  } catch {
    return "";
  }
}

const ID_FORMS = {
  btih: /^[0-9a-f]{40}$/,
  btmh: /^[0-9a-f]{64}$/,
  ed2k: /^[0-9a-f]{32}$/,
  aich: /^[A-Z2-7]{32}$/,
  tth: /^[A-Z2-7]{38}[AIQY]$/,
};

const TOPICS = new Map([["btih", "btih"], ["btmh", "btmh"], ["ed2k", "ed2k"], ["ed2khash", "ed2k"], ["aich", "aich"], ["tiger", "tth"]]);

// Reads the ids out of a magnet or ed2k link as [[type, value]]; name, size, trackers and sources are dropped unread.
// Gives null when it is no link, and [] when it is one that does not say, or not well, which file it means.
function readLink(raw) {
  const text = raw.trim();
  if (!/^(magnet|ed2k):/i.test(text)) return null;
  const pairs = text.length > 16384 ? [] : /^ed2k/i.test(text) ? readEd2k(text) : readMagnet(text);
  const ids = new Map(pairs.map((pair) => [pair.join(), pair]));
  return pairs.every(([type, value]) => ID_FORMS[type].test(value)) ? [...ids.values()] : [];
}

function readMagnet(text) {
  if (!/^magnet:\?/i.test(text)) return [];
  const pairs = [];
  for (const [name, topic] of new URLSearchParams(text.slice(8))) {
    let [scheme, kind = "", ...rest] = topic.split(":");
    if (!/^xt(\.[0-9]+)?$/i.test(name) || scheme.toLowerCase() !== "urn") continue;
    if (/^tree$/i.test(kind)) kind = rest.shift() || "";
    const type = TOPICS.get(kind.toLowerCase());
    if (!type) continue;
    let value = rest.join(":").toUpperCase();
    if (type === "btih" && /^[A-Z2-7]{32}$/.test(value)) value = fromBase32(value);
    if (type === "btmh") value = value.replace(/^1220/, "");
    pairs.push([type, type === "aich" || type === "tth" ? value : value.toLowerCase()]);
  }
  return pairs;
}

// ed2k://|file|NAME|SIZE|HASH|h=AICH|/ where browsers write the bars as %7C.
function readEd2k(text) {
  const fields = text.replace(/%7c/gi, "|").split("|");
  if (fields.length < 6 || !/^ed2k:\/\/\|file$/i.test(fields.slice(0, 2).join("|")) || !/^[0-9]{1,20}$/.test(fields[3])) return [];
  const end = fields.indexOf("/", 5);
  const trees = fields.slice(5, end < 0 ? fields.length : end).filter((field) => /^h=/i.test(field));
  return [["ed2k", fields[4].toLowerCase()], ...trees.map((tree) => ["aich", tree.slice(2).toUpperCase()])];
}

function fromBase32(text) {
  const bits = [...text].map((sign) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(sign).toString(2).padStart(5, "0")).join("");
  return bits.match(/..../g).map((four) => parseInt(four, 2).toString(16)).join("");
}
