// Checks a resident's list of looks against the signed public log: pure but for WebCrypto and what it is given.
// Sources: docs/log.md (chain, head map); C2SP signed-note, tlog-cosignature; RFC 9162 2.1.4.2 (consistency).

const FIELDS = [
  "form", "resident", "seq", "receipt", "at", "requester", "requester_name", "requester_title", "role", "organisation",
  "action", "purpose", "basis", "categories", "depositor", "keys", "opens", "until",
];
const MAP_DEPTH = 18;
const HASH = 32;
const WAITING_MS_MAX = 10 * 60 * 1000; // an entry that no checkpoint holds for longer is withheld
const COSIGNATURE = 4;
const ED25519 = 1;
const utf8 = new TextEncoder();

/** What does not hold: `code` names the sentence, `at` the moment of the entry, if there is one. */
export class Fault extends Error {
  constructor(code, at) {
    super(code);
    this.code = code;
    this.at = at;
  }
}

/**
 * Check everything.  `proof` is what the server gave; `before` what this device remembered, or undefined;
 * `consistency(old, new)` fetches hashes; `nowMs` is the time.  Returns {told, remember}; throws Fault.
 */
export async function check(proof, before, consistency, nowMs) {
  const note = openNote(proof.checkpoint);
  const log = await keyOf(proof.log);
  if (before !== undefined && before.log !== proof.log) throw new Fault("key");
  if (!(await isSigned(note, log))) throw new Fault("signature");
  const witnesses = await cosigners(note, proof.witnesses);
  if (witnesses < proof.quorum) throw new Fault("witness");
  if (log.name !== note.origin) throw new Fault("signature");
  await checkGrowth(note, before, consistency);
  const lists = {};
  let waiting = 0;
  for (const list of proof.lists) {
    const entries = proof.entries.filter((one) => one.resident === list.resident).sort((a, b) => a.seq - b.seq);
    const found = await checkList(entries, list, note.mapRoot, proof.whole, before?.lists?.[list.resident], nowMs);
    waiting += found.waiting;
    lists[list.resident] = { seq: found.seq, hash: found.hash, label: list.head.label };
  }
  return {
    told: { entries: proof.entries.length, waiting, size: note.size, witnesses, root: toBase64(note.root) },
    remember: { log: proof.log, size: note.size, root: toBase64(note.root), lists, atMs: nowMs },
  };
}

/**
 * Check that what the page shows is what was logged, and that it leaves out nothing: `rows` are {seq, at, text};
 * `shownMs` is the page's time; `leaf` is {own, kind, later, earlier}: which lines she asked for, and how many the
 * page says stand on pages of newer and of older ones.  Returns {end}: so many of the newest entries stand there or
 * on pages of newer ones.
 */
export function checkRows(rows, proof, shownMs, leaf) {
  const places = new Map(proof.entries.map((one, place) => [`${one.seq} ${one.at}`, place]));
  const seen = new Set();
  for (const row of rows) {
    const place = places.get(`${row.seq} ${row.at}`);
    if (place === undefined && isBeyond(row, proof)) continue;
    if (place === undefined || seen.has(place)) throw new Fault("shown", row.at);
    seen.add(place);
    checkRow(row, proof.entries[place]);
  }
  const end = leaf.earlier === 0 ? proof.entries.length : behind(rows.at(-1), places, proof);
  const begin = leaf.later === 0 ? 0 : behind(rows[0], places, proof) - (isBeyond(rows[0], proof) ? 0 : 1);
  // What is told in words must stand there, unless it happened while the page was made.
  const due = (one) => isTold(one, leaf) && Date.parse(one.at) < shownMs - 10_000;
  const missing = proof.entries.slice(begin, end).find((one, place) => due(one) && !seen.has(begin + place));
  if (missing !== undefined) throw new Fault("shown", missing.at);
  // The pages of newer ones hold as many lines as there are: none falls between two pages.
  const newer = proof.entries.slice(0, begin);
  const most = newer.filter((one) => one.form === undefined || isTold(one, leaf)).length;
  const few = most < leaf.later && !isBeyond(rows[0], proof);
  if (few || newer.filter(due).length > leaf.later) throw new Fault("shown", rows[0].at);
  return { end };
}

function checkRow(row, entry) {
  if (entry.form === undefined) return;
  const named = ["system", "integrator", "resident"].includes(entry.role) || row.text.includes(entry.requester_name);
  const digits = entry.receipt.slice(-8).toUpperCase();
  const numbered = /[0-9A-F]{4}-[0-9A-F]{4}/.exec(row.text);
  const receipt = numbered === null || numbered[0] === `${digits.slice(0, 4)}-${digits.slice(4)}`;
  if (!named || !receipt) throw new Fault("shown", row.at);
}

// A line older than all that was given to check; the page says that it was not checked.
function isBeyond(row, proof) {
  return !proof.whole && row !== undefined && row.at <= proof.entries.at(-1).at;
}

function behind(row, places, proof) {
  if (row === undefined) throw new Fault("shown");
  const place = places.get(`${row.seq} ${row.at}`);
  return place === undefined ? proof.entries.length : place + 1;
}

function isTold(one, { own, kind }) {
  if (one.form === undefined) return false;
  const computer = ["system", "integrator"].includes(one.role);
  const herself = one.role === "resident" && !one.requester.startsWith("delegate:");
  if (herself && !own && one.action !== "decide") return false;
  const others = computer ? "computers" : "people";
  return kind === "" || kind === (herself ? "herself" : others);
}

/** Count the entries among the newest `count` that the server gave without words. */
export function wordless(proof, count) {
  return proof.entries.slice(0, count).filter((one) => one.form === undefined).length;
}

// One list: the chain, and where it ends

async function checkList(entries, list, mapRoot, whole, before, nowMs) {
  const head = await checkHead(list.head, mapRoot);
  if (before !== undefined && before.label !== list.head.label) throw new Fault("changed");
  if (before !== undefined && before.seq > head.seq) throw new Fault("shrunk");
  let hash = fromHex(list.resident); // the chain begins with the list's own number, hashed
  let seq = 0;
  let after;
  let waiting = 0;
  if (!whole && entries.length > 0 && entries[0].seq > 1) {
    ({ seq, hash, after } = start(entries.shift()));
  }
  for (const entry of entries) {
    if (entry.seq !== seq + 1) throw new Fault("missing", after ?? entry.at);
    if (entry.form !== undefined && entry.form < 2) throw new Fault("entry", entry.at);
    hash = entry.form === undefined ? fromHex(entry.hash) : await entryHash(hash, entry);
    seq = entry.seq;
    after = entry.at;
    if (seq === head.seq && !same(hash, head.hash)) throw new Fault("entry", entry.at);
    if (seq === before?.seq && toBase64(hash) !== before.hash) throw new Fault("changed", entry.at);
    if (seq > head.seq) {
      waiting += 1;
      if (nowMs - Date.parse(entry.at) > WAITING_MS_MAX) throw new Fault("behind", entry.at);
    }
  }
  if (seq < head.seq) throw new Fault(after === undefined ? "empty" : "missing", after);
  return { seq: head.seq, hash: head.hash === undefined ? "" : toBase64(head.hash), waiting };
}

// The oldest of a list that is not given whole: its hash is taken over, what follows is computed.
function start(entry) {
  if (entry.form !== undefined) throw new Fault("entry", entry.at);
  return { seq: entry.seq, hash: fromHex(entry.hash), after: entry.at };
}

async function entryHash(previous, entry) {
  const lines = FIELDS.map((name) => entry[name]).filter((value) => value !== null).map(String);
  if (lines.some((line) => line.includes("\n"))) throw new Fault("entry", entry.at);
  return sha256(previous, utf8.encode(lines.join("\n")));
}

async function checkHead(written, mapRoot) {
  const label = fromBase64(written.label);
  const others = fromBase64(written.others);
  const path = fromBase64(written.path);
  const formed = label.length === HASH && others.length % (2 * HASH) === 0 && path.length === MAP_DEPTH * HASH;
  if (!formed || mapRoot === undefined) throw new Fault("head");
  const place = bucketOf(label);
  const records = [];
  for (let at = 0; at < others.length; at += 2 * HASH) {
    records.push({ label: others.subarray(at, at + HASH), value: others.subarray(at + HASH, at + 2 * HASH) });
  }
  let head = { seq: 0, hash: undefined };
  if (written.seq > 0) {
    head = { seq: written.seq, hash: fromBase64(written.head) };
    records.push({ label, value: await sha256(byte(3), label, uint64(written.seq), head.hash) });
  }
  records.sort((a, b) => compare(a.label, b.label));
  const twice = records.some((one, index) => index > 0 && same(one.label, records[index - 1].label));
  const claimed = written.seq === 0 && records.some((one) => same(one.label, label));
  if (twice || claimed || records.some((one) => bucketOf(one.label) !== place)) throw new Fault("head");
  let node = await sha256(byte(2), ...records.flatMap((one) => [one.label, one.value]));
  for (let step = 0; step < MAP_DEPTH; step += 1) {
    const sibling = path.subarray(step * HASH, (step + 1) * HASH);
    node = (place >>> step) & 1 ? await sha256(byte(1), sibling, node) : await sha256(byte(1), node, sibling);
  }
  if (!same(node, mapRoot)) throw new Fault("head");
  return head;
}

function bucketOf(label) {
  return new DataView(label.buffer, label.byteOffset).getUint32(0) >>> (32 - MAP_DEPTH);
}

// The public log: who signed it, and that it only grew

function openNote(note) {
  const end = note.lastIndexOf("\n\n");
  const text = note.slice(0, end + 1);
  const [origin, size, root, ...extensions] = text.split("\n");
  const line = extensions.find((one) => one.startsWith(`head-map ${MAP_DEPTH} `));
  const signatures = note
    .slice(end + 2)
    .split("\n")
    .filter((one) => one.startsWith("\u2014 "))
    .map((one) => one.split(" "))
    .map(([, name, data]) => ({ name, data: fromBase64(data) }));
  if (end < 0 || !/^(0|[1-9][0-9]{0,15})$/.test(size)) throw new Fault("signature");
  const mapRoot = line && fromBase64(line.split(" ")[2]);
  return { text, origin, size: Number(size), root: fromBase64(root), mapRoot, signatures };
}

async function keyOf(vkey) {
  const [name, id, ...rest] = vkey.split("+");
  const data = fromBase64(rest.join("+"));
  const computed = (await sha256(utf8.encode(`${name}\n`), data)).subarray(0, 4);
  if (!same(computed, fromHex(id))) throw new Fault("key");
  return { name, id: computed, kind: data[0], public: data.subarray(1) };
}

async function isSigned(note, key) {
  for (const { name, data } of note.signatures) {
    if (name !== key.name || !same(data.subarray(0, 4), key.id)) continue;
    const signed = key.kind === ED25519 ? data.subarray(4) : data.subarray(12);
    const seconds = key.kind === COSIGNATURE ? new DataView(data.buffer).getBigUint64(4) : 0n;
    const head = key.kind === COSIGNATURE ? `cosignature/v1\ntime ${seconds}\n` : "";
    if (await verifies(key.public, signed, utf8.encode(head + note.text))) return true;
  }
  return false;
}

async function cosigners(note, vkeys) {
  const signed = new Set();
  for (const vkey of vkeys) {
    const key = await keyOf(vkey);
    if (key.kind === COSIGNATURE && (await isSigned(note, key))) signed.add(toBase64(key.public));
  }
  return signed.size;
}

async function checkGrowth(note, before, consistency) {
  if (before === undefined) return;
  const root = fromBase64(before.root);
  if (note.size < before.size) throw new Fault("stale");
  if (note.size === before.size && !same(root, note.root)) throw new Fault("fork");
  if (note.size === before.size || before.size === 0) return;
  const steps = (await consistency(before.size, note.size)).map(fromBase64);
  if (!(await isConsistent(before.size, root, note.size, note.root, steps))) throw new Fault("fork");
}

/** RFC 9162 2.1.4.2; 0 < old < size < 2 ** 53. */
export async function isConsistent(old, oldRoot, size, root, proof) {
  const steps = Number.isInteger(Math.log2(old)) ? [oldRoot, ...proof] : [...proof];
  if (steps.length === 0) return false;
  let [first, last] = [BigInt(old - 1), BigInt(size - 1)];
  while (first & 1n) [first, last] = [first >> 1n, last >> 1n];
  let [older, newer] = [steps[0], steps[0]];
  for (const step of steps.slice(1)) {
    if (last === 0n) return false;
    if (first & 1n || first === last) {
      older = await sha256(byte(1), step, older);
      newer = await sha256(byte(1), step, newer);
      while (!(first & 1n) && first) [first, last] = [first >> 1n, last >> 1n];
    } else {
      newer = await sha256(byte(1), newer, step);
    }
    [first, last] = [first >> 1n, last >> 1n];
  }
  return last === 0n && same(older, oldRoot) && same(newer, root);
}

// Signatures by the browser itself; by a module of ours where it cannot.

let fallback;

async function verifies(key, signature, message) {
  if (fallback === undefined) {
    try {
      const imported = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify({ name: "Ed25519" }, imported, signature, message);
    } catch (error) {
      if (error.name === "DataError") return false;
      fallback = await import("../built/ed25519.js");
    }
  }
  return fallback.verifyAsync(signature, message, key, { zip215: false }).catch(() => false);
}

// Bytes

async function sha256(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
}

function byte(value) {
  return Uint8Array.of(value);
}

function uint64(value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value));
  return new Uint8Array(view.buffer);
}

function same(one, two) {
  return one.length === two.length && one.every((value, index) => value === two[index]);
}

function compare(one, two) {
  const at = one.findIndex((value, index) => value !== two[index]);
  return at < 0 ? 0 : one[at] - two[at];
}

function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new Fault("signature");
  }
}

function toBase64(data) {
  return btoa(String.fromCharCode(...data));
}
