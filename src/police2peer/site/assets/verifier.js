// SPDX-License-Identifier: EUPL-1.2
// Says whether a file, code or link is a genuine warning file, from the public catalogue and a pinned root.
// Follows the numbered steps of docs/catalogue-format.md with WebCrypto alone; the command line does the same.
// Only when every step held does it say genuine, withdrawn or not_ours; all else is cannot_tell with a reason.

class Doubt extends Error {}

const KIB = 1024;
const utf8 = new TextEncoder();
const subtle = globalThis.crypto?.subtle;
const sha256 = async (bytes) => toHex(await subtle.digest("SHA-256", bytes));
const toHex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
const join = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));

function need(holds, reason = "broken") {
  if (!holds) throw new Doubt(reason);
}

function fromHex(text, length) {
  need(/^([0-9a-f]{2})*$/.test(text) && (!length || text.length === 2 * length));
  return Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
}

const parse = (bytes) => JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
const isCount = (value) => Number.isSafeInteger(value) && value > 0;
const isAgency = (role) => role.name.startsWith("agency-");
const isText = (value) => typeof value === "string";

// The canonical JSON that TUF signs.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value && typeof value === "object") {
    return `{${Object.keys(value).sort().map((key) => canonical(key) + ":" + canonical(value[key]))}}`;
  }
  need(typeof value !== "number" || Number.isSafeInteger(value));
  return JSON.stringify(value);
}

// The Ed25519 keys of a role by key id; keys of other kinds are not used.
function readRing(keys, role) {
  need(isCount(role.threshold));
  const ring = new Map();
  for (const id of role.keyids) {
    const { keytype, scheme, keyval } = keys[id];
    if (keytype === "ed25519" && scheme === "ed25519") ring.set(id, fromHex(keyval.public, 32));
  }
  return ring;
}

// A threshold of different keys of the role must have signed the message.
async function endorsed(message, signatures, keys, role) {
  const ring = readRing(keys, role);
  const good = new Set();
  for (const [id, signature] of signatures) {
    const bytes = ring.get(id);
    if (!bytes) continue;
    const key = await subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]);
    if (await subtle.verify("Ed25519", key, signature, message)) good.add(toHex(bytes));
  }
  need(good.size >= role.threshold);
}

// One metadata file; each further argument is a pair [keys, role] that must have signed it.
async function openSigned(bytes, type, ...rings) {
  const { signed, signatures } = parse(bytes);
  for (const [keys, role] of rings.length ? rings : [[signed.keys, signed.roles.root]]) {
    const pairs = signatures.map((each) => [each.keyid, fromHex(each.sig)]);
    await endorsed(utf8.encode(canonical(signed)), pairs, keys, role);
  }
  need(signed._type === type && signed.spec_version.startsWith("1.") && isCount(signed.version));
  need(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(signed.expires) && Date.parse(signed.expires));
  return signed;
}

async function openSealed(key, sealed, additionalData) {
  return new Uint8Array(await subtle.decrypt({ name: "AES-GCM", iv: sealed.subarray(0, 12), additionalData }, key, sealed.subarray(12)));
}

// `ask` is {type: "file", digest: async () => [hex, size]}, {type: "code", code} or {type: "link", ids: [[type, value]]}.
// `env` is {root: bytes, now: ms, seen: versions, fetch: async (path, limit, fresh) => bytes or null, step: (number) => …}.
async function verify(ask, env) {
  const answer = { outcome: "cannot_tell" };
  try {
    need(subtle, "unsupported");
    await examine(ask, env, answer);
  } catch (error) {
    answer.outcome = "cannot_tell";
    answer.reason = error instanceof Doubt ? error.message : error.name === "NotSupportedError" ? "unsupported" : "broken";
  }
  return answer;
}

async function examine(ask, env, answer) {
  const step = (number) => env.step?.(answer.step = number);
  const read = async (path, limit, meta) => {
    const bytes = await env.fetch(path, limit, !meta);
    need(bytes, "unreachable");
    if (meta) need((!meta.length || meta.length === bytes.length) && (await sha256(bytes)) === meta.hashes.sha256);
    return bytes;
  };
  const blob = (folder, hash, limit) =>
    read(`${folder}/${hash.slice(0, 2)}/${hash}`, limit, { hashes: { sha256: hash } });
  const named = (signed, name) => {
    const meta = signed.meta[name];
    need(isCount(meta.version) && isCount(meta.length) && fromHex(meta.hashes.sha256, 32));
    return meta;
  };
  const role = async (meta, name, type, limit, ring) => {
    const signed = await openSigned(await read(`md/${meta.version}.${name}.json`, limit, meta), type, ring);
    need(signed.version === meta.version);
    return signed;
  };

  // 1. root
  step(1);
  let root = await openSigned(env.root, "root");
  for (let steps = 0, bytes; (bytes = await env.fetch(`md/${root.version + 1}.root.json`, 1024 * KIB, true)); steps++) {
    const next = await openSigned(bytes, "root", [root.keys, root.roles.root]);
    await openSigned(bytes, "root");
    need(steps < 256 && next.version === root.version + 1);
    root = next;
  }

  // 2. timestamp, snapshot, targets, catalogue
  step(2);
  const ring = (name) => [root.keys, root.roles[name]];
  const timestamp = await openSigned(await read("md/timestamp.json", 16 * KIB), "timestamp", ring("timestamp"));
  const snapshot = await role(named(timestamp, "snapshot.json"), "snapshot", "snapshot", 64 * KIB, ring("snapshot"));
  const targets = await role(named(snapshot, "targets.json"), "targets", "targets", 1024 * KIB, ring("targets"));
  const { keys, roles } = targets.delegations;
  const keeper = roles.find((each) => each.name === "catalogue");
  need(canonical(keeper.paths) === '["head.json"]');
  for (const each of roles.filter(isAgency)) need(readRing(keys, each) && isText(each.agency.name) && isText(each.agency.country));
  const catalogue = await role(named(snapshot, "catalogue.json"), "catalogue", "targets", 64 * KIB, [keys, keeper]);
  const states = { root, timestamp, snapshot, targets, catalogue };

  // 3. head
  step(3);
  const target = catalogue.targets["head.json"];
  need(isCount(target.length) && fromHex(target.hashes.sha256, 32));
  const head = parse(await read(`head/${target.hashes.sha256}.head.json`, 64 * KIB, target));
  const { depth, root: top } = head.idx;
  need((head.v === 1 || head.v === 2) && [0, 1, 2, 3, 4, 5].includes(depth) && Number.isSafeInteger(head.entries) && fromHex(top, 32));
  for (const name in states) need(states[name].version >= (env.seen[name] || 0), "rollback");
  need((answer.at = Date.parse(head.at)) - env.now <= 900000, "expired");
  answer.versions = Object.fromEntries(Object.entries(states).map(([name, signed]) => [name, signed.version]));
  const isLate = Object.values(states).some((signed) => Date.parse(signed.expires) <= env.now);

  // 4. what is asked
  step(4);
  let asked = ask.ids;
  let size;
  if (ask.type === "file") {
    const [hash, length] = await ask.digest();
    asked = [["sha256", hash]];
    size = length;
  } else if (ask.type === "code") {
    const { iterations, salt } = head.code;
    need(isCount(iterations) && iterations >= 1000 && iterations <= 5000000);
    const password = await subtle.importKey("raw", utf8.encode(ask.code.replaceAll("-", "")), "PBKDF2", false, ["deriveBits"]);
    asked = [["code", toHex(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: fromHex(salt, 16), iterations }, password, 256))]];
  }

  const follow = async (type, value, entryKey, under, entry) => {
    // 6. record
    step(6);
    const place = await openSealed(entryKey, entry.subarray(16), under);
    const [offset, length] = [64, 68].map((from) => new DataView(place.buffer).getUint32(from));
    const pack = await blob("rec", toHex(place.subarray(32, 64)), 4096 * KIB);
    const key = await subtle.importKey("raw", place.subarray(0, 32), "AES-GCM", false, ["decrypt"]);
    const content = await openSealed(key, pack.subarray(offset, offset + length), utf8.encode("p2pw/record/1"));
    const end = 1 + content[0] * 96;
    need(content.length > end);
    const bytes = content.subarray(end);
    const record = parse(bytes);
    const agency = roles.find((each) => each.name === record.agency);
    need(agency && isAgency(agency));
    const signatures = [];
    for (let from = 1; from < end; from += 96) {
      signatures.push([toHex(content.subarray(from, from + 32)), content.subarray(from + 32, from + 96)]);
    }
    await endorsed(join(utf8.encode("p2pw-record-v1\n"), bytes), signatures, keys, agency);

    // 7. it is about what was asked
    step(7);
    need(Object.keys(record).sort().join() ===
      "agency,code,format,hashes,id,issued,language,network_ids,rev,sha256,since,size,status,v");
    need(record.v === 1 && ["genuine", "withdrawn"].includes(record.status) && isCount(record.rev) && isCount(record.size));
    need(/^[\w.:-]{1,100}$/.test(record.id) && isText(record.format) && /^\d{4}-\d\d-\d\d$/.test(record.issued));
    need(type === "sha256" ? record.sha256 === value && record.size === size
      : type === "code" ? record.code === ask.code
        : record.network_ids.some((pair) => pair[0] === type && pair[1] === value));
    return { record, agency: agency.agency };
  };

  let found = [];
  let doubt;
  for (const [type, value] of asked) {
    // 5. index
    step(5);
    const under = new Uint8Array(await subtle.digest("SHA-256", utf8.encode(`p2pw/lk/1|${type}|${value}`))).subarray(0, 16);
    let hash = top;
    // Version 2 has nodes of two digits of the lookup key, but for the last of an odd depth; version 1 of one.
    for (let digit = 0, digits; digit < depth && !/^0+$/.test(hash); digit += digits) {
      digits = Math.min(head.v, depth - digit);
      const size = 32 * 16 ** digits;
      const node = await blob("idx", hash, size);
      need(node.length === size);
      const child = 32 * parseInt(toHex(under).slice(digit, digit + digits), 16);
      hash = toHex(node.subarray(child, child + 32));
    }
    const shard = /^0+$/.test(hash) ? new Uint8Array() : await blob("idx", hash, 4096 * KIB);
    need(shard.length % 116 === 0);
    const material = await subtle.importKey("raw", utf8.encode(`${type}|${value}`), "HKDF", false, ["deriveKey"]);
    const recipe = { name: "HKDF", hash: "SHA-256", salt: utf8.encode("p2pw/entry-key/1"), info: under };
    const entryKey = await subtle.deriveKey(recipe, material, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
    for (let at = 0; at < shard.length; at += 116) {
      if (toHex(shard.subarray(at, at + 16)) !== toHex(under)) continue;
      try {
        found.push(await follow(type, value, entryKey, under, shard.subarray(at, at + 116)));
      } catch (error) {
        doubt ??= error;
      }
    }
  }

  // 8. verdict: genuine where one agency stands by it, withdrawn where none does, else absent;
  // a link that joins an id of ours with one that the record does not know is not ours
  if (ask.type === "link") {
    const holds = (record) => asked.every(([type, value]) => record.network_ids.some((pair) => pair[0] === type && pair[1] === value));
    found = found.filter((each) => holds(each.record));
  }
  const best = found.find((each) => each.record.status === "genuine") || found[0];
  // What one agency stands by holds, whatever another's entry leads to; all else needs every entry sound.
  if (doubt && best?.record.status !== "genuine") throw doubt;
  need(best || ask.type !== "link", "unlisted");
  const outcome = best ? best.record.status : "not_ours";
  if (isLate) {
    // What an out-of-date catalogue said is told beside the doubt, never in its place.
    Object.assign(answer, { was: outcome, step: 2 });
    throw new Doubt("expired");
  }
  Object.assign(answer, best, { outcome, step: 8 });
}
