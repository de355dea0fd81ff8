// SPDX-License-Identifier: EUPL-1.2
// The short code and the magnet link, read as the command line reads them (warningfiles/code.py, catalogue).

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

// Reads the BitTorrent ids out of a magnet link as [[type, value]]; name, trackers and peers are dropped unread.
// Gives null when it is no magnet link that names a file.
function readMagnet(raw) {
  const text = raw.trim();
  if (!/^magnet:\?/i.test(text) || text.length > 16384) return null;
  const ids = new Map();
  for (const [name, topic] of new URLSearchParams(text.slice(8))) {
    const [scheme, kind, ...rest] = topic.split(":");
    if (!/^xt(\.\d+)?$/i.test(name) || scheme.toLowerCase() !== "urn") continue;
    const type = (kind || "").toLowerCase();
    if (type !== "btih" && type !== "btmh") continue;
    let value = rest.join(":");
    if (type === "btih" && /^[A-Z2-7]{32}$/i.test(value)) value = fromBase32(value.toUpperCase());
    value = value.toLowerCase();
    if (type === "btmh") value = value.replace(/^1220/, "");
    if (!(type === "btih" ? /^[0-9a-f]{40}$/ : /^[0-9a-f]{64}$/).test(value)) return null;
    ids.set(type + value, [type, value]);
  }
  return ids.size ? [...ids.values()] : null;
}

function fromBase32(text) {
  const bits = [...text].map((sign) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(sign).toString(2).padStart(5, "0")).join("");
  return bits.match(/..../g).map((four) => parseInt(four, 2).toString(16)).join("");
}
