// SPDX-License-Identifier: EUPL-1.2
// The page around the verifier: takes a file, a code or a link, shows progress, steps and the answer.
// Every word shown stands in the page; this script only fills in values as text, and never as markup.

const main = document.querySelector("main");
const byId = (id) => document.getElementById(id);
const language = document.documentElement.lang;
// Up to this size the one-shot digest of WebCrypto is quicker and memory allows it; above, a Worker streams.
const ONE_SHOT_BYTES = 64 * 1024 * KIB;
let turn = 0;
let genuineCode = false;
// A page that was saved has no catalogue beside it. Alone, it knows its site only where that was written into it; in a
// whole site that was copied, its links still lead to the pages beside it.
const isSaved = location.protocol === "file:";
const isAlone = isSaved && !location.pathname.endsWith(`/${language}/index.html`);
const home = isSaved && main.dataset.home ? `${main.dataset.home}${language}/` : "";
let fetchCopied = null;

async function fetchPart(path, limit, fresh) {
  if (fetchCopied) return fetchCopied(path, limit);
  try {
    const options = { cache: fresh ? "no-store" : "default", credentials: "omit", redirect: "error" };
    const response = await fetch(new URL(main.dataset.catalogue + path, home || location.href), options);
    if (response.status === 404) return null;
    need(response.ok, "unreachable");
    const reader = response.body.getReader();
    const pieces = [];
    let size = 0;
    for (let piece; !(piece = await reader.read()).done; size += piece.value.length) {
      pieces.push(piece.value);
      need(size + piece.value.length <= limit);
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  } catch (error) {
    throw error instanceof Doubt ? error : new Doubt("unreachable");
  }
}

// Gives [hex, size]; `tell` hears the share done.
async function digestFile(file, tell) {
  let digest;
  try {
    digest = file.size <= ONE_SHOT_BYTES ? await subtle.digest("SHA-256", await file.arrayBuffer())
      : await new Promise((resolve, reject) => {
        const address = URL.createObjectURL(new Blob([`(${hashing})()`], { type: "text/javascript" }));
        const policy = globalThis.trustedTypes?.createPolicy("own-worker", { createScriptURL: (url) => url });
        const worker = new Worker(policy ? policy.createScriptURL(address) : address);
        const end = (result) => (worker.terminate(), URL.revokeObjectURL(address), resolve(result));
        worker.onerror = reject;
        worker.onmessage = ({ data }) => "digest" in data ? end(data.digest) : tell(data.done / file.size);
        worker.postMessage(file);
      });
  } catch {
    digest = null;
  }
  need(digest, "unreadable");
  return [toHex(digest), file.size];
}

const seenKey = async (root) => `p2p-seen-${(await sha256(root)).slice(0, 16)}`;

function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) || {};
  } catch {
    return {};
  }
}

function keep(key, versions) {
  try {
    localStorage.setItem(key, JSON.stringify(versions));
  } catch {
    // A private window may refuse storage; the next check then simply remembers less.
  }
}

function show(id, visible) {
  byId(id).hidden = !visible;
}

const PROBLEMS = ["not-a-code", "no-hash", "did-you-mean", "mistyped", "folder"];

function refuse(problem, suggestion = "") {
  const field = byId(problem === "folder" ? "file" : "text");
  field.setAttribute("aria-invalid", "true");
  byId("suggested").textContent = suggestion;
  for (const id of PROBLEMS) show(id, id === problem);
  field.focus();
}

function clearRefusal() {
  for (const id of ["text", "file"]) byId(id).removeAttribute("aria-invalid");
  for (const id of PROBLEMS) show(id, false);
}

const FORMATS = {
  size: (value) => new Intl.NumberFormat(language).format(value),
  language: (value) => new Intl.DisplayNames([language], { type: "language" }).of(value),
  day: (value) => new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" }).format(new Date(value)),
  moment: (value) => new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "short" }).format(new Date(value)),
  agency: (value) => `${value.name} (${new Intl.DisplayNames([language], { type: "region" }).of(value.country)})`,
};

function write(card, name, value, format) {
  const place = card.querySelector(`[data-field=${name}]`);
  if (!place) return;
  let text = value;
  try {
    if (value && format) text = FORMATS[format](value);
  } catch {
    text = typeof value === "object" ? value.name : value;
  }
  place.textContent = text || "";
  place.closest("[data-row]").hidden = !text;
}

function showAnswer(ask, answer) {
  const card = byId(`answer-${answer.outcome}`).content.cloneNode(true);
  for (const reason of card.querySelectorAll("[data-reason]")) reason.hidden = reason.dataset.reason !== answer.reason;
  for (const part of card.querySelectorAll("[data-unless]")) part.hidden = part.dataset.unless === answer.reason;
  for (const note of card.querySelectorAll("[data-for]")) note.hidden = !note.dataset.for.split(" ").includes(ask.type);
  for (const note of card.querySelectorAll("[data-empty]")) note.hidden = ask.file?.size !== 0;
  for (const note of card.querySelectorAll("[data-other-bytes]")) note.hidden = !(ask.type === "file" && genuineCode);
  const record = answer.record || {};
  write(card, "agency", answer.agency, "agency");
  write(card, "code", record.code);
  write(card, "format", record.format);
  write(card, "size", record.size, "size");
  write(card, "language", record.language, "language");
  write(card, "issued", record.issued, "day");
  write(card, "since", record.status === "withdrawn" && record.since, "day");
  write(card, "at", answer.at, "moment");
  // What an old copy said on its day is no answer of today.
  write(card, "was", isSaved && answer.reason === "expired" && answer.was && byId(`answer-${answer.was}`).content.querySelector("h3 span").textContent);
  leadHome(card);
  byId("verdict").replaceChildren(card);
  byId("status").textContent = "";
  for (const item of byId("steps").children) {
    const number = Number(item.dataset.step);
    item.className = number < answer.step ? "held" : number === answer.step ? "stopped" : "";
  }
  show("progress", false);
  show("after", true);
  if (isSaved && answer.reason === "unreachable") show("saved", true);
  byId("verdict").querySelector("h3").focus();
}

// The links of a page that was saved by itself lead to its site, or, where it does not know that, are not shown.
function leadHome(part) {
  if (!isAlone) return;
  for (const link of part.querySelectorAll("a[href]")) {
    const address = link.getAttribute("href");
    if (address.startsWith("#")) continue;
    if (home) link.href = new URL(address, home);
    else link.removeAttribute("href");
  }
  if (!home) for (const menu of part.querySelectorAll("nav, .go")) menu.hidden = true;
}

async function check(ask) {
  const mine = ++turn;
  clearRefusal();
  show("result", true);
  show("after", false);
  byId("verdict").replaceChildren();
  byId("status").textContent = byId("status").dataset[ask.type === "file" ? "reading" : "working"];
  byId("result").scrollIntoView({ block: "nearest" });
  const bar = byId("progress");
  bar.removeAttribute("value");
  show("progress", true);
  const root = Uint8Array.from(atob(main.dataset.root), (sign) => sign.charCodeAt(0));
  const key = subtle && await seenKey(root);
  const answer = await verify(
    ask.file ? { type: "file", digest: () => digestFile(ask.file, (share) => { if (mine === turn) bar.value = share; }) } : ask,
    { root, now: Date.now(), seen: key ? recall(key) : {}, fetch: fetchPart },
  );
  if (mine !== turn) return;
  if (answer.versions) keep(key, answer.versions);
  if (ask.type === "code") genuineCode = answer.outcome === "genuine";
  showAnswer(ask, answer);
}

function checkText(raw) {
  const ids = readLink(raw);
  const read = readCode(takeCode(raw));
  if (ids) return ids.length ? check({ type: "link", ids }) : refuse("no-hash");
  if (!read) return refuse("not-a-code");
  if (!read.exact) return read.code ? refuse("did-you-mean", read.code) : refuse("mistyped");
  // The languages keep the code that is being checked; a fragment is never sent to a server.
  for (const link of document.querySelectorAll("a[hreflang]")) link.hash = read.code;
  byId("text").value = read.code;
  return check({ type: "code", code: read.code });
}

function checkFragment() {
  const raw = decodeURIComponent(location.hash.slice(1));
  if (!readCode(raw)) return;
  byId("text").value = raw;
  checkText(raw);
}

byId("file").addEventListener("change", ({ target }) => {
  if (target.files.length) check({ type: "file", file: target.files[0] });
  target.value = "";
});
byId("copy").addEventListener("change", async ({ target }) => {
  if (!target.files.length) return;
  byId("copy-name").textContent = target.files[0].name;
  fetchCopied = await openCopy(target.files[0]).catch(() => async () => null);
  show("ways", true);
  show("result", false);
  byId("file").focus();
});
byId("by-text").addEventListener("submit", (event) => {
  event.preventDefault();
  checkText(byId("text").value);
});
byId("use-suggested").addEventListener("click", () => checkText(byId("suggested").textContent));
byId("again").addEventListener("click", () => {
  turn++;
  show("result", false);
  byId("file").focus();
});
// A file dropped beside the field must not replace the page.
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("drop").classList.add("over");
});
document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || byId("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  const { items, files } = event.dataTransfer;
  if (items[0]?.webkitGetAsEntry?.()?.isDirectory) refuse("folder");
  else if (files.length) check({ type: "file", file: files[0] });
});
window.addEventListener("hashchange", checkFragment);
show("tool", true);
show("saved", isSaved && !home);
show("ways", !isSaved || home);
leadHome(document);
if (!byId("ways").hidden) checkFragment();
