/**
 * The phone's maker of health codes (CC1).  No page in it: it keeps keys and handles, and returns text.
 *
 * A code is "CC1" + base45(first byte, slot, handle, signature), 131 characters; the signature covers
 * those bytes, the handle's secret and, for PAY and OPEN_RECORD, the desk's number.  The server's side
 * is healthcode/format.py; both make the same bytes.
 *
 *   const {algorithm, publicKey} = await createDevice();    // post both; the server answers with handles
 *   await storeBatch(handles, {device, serverMs, askedMs, gotMs});
 *   const code = await show("REGISTER", null, Date.now());  // works without a network from here on
 *   draw(code.text); redrawAt(code.endsAtMs);
 *
 * The private key is not extractable: no script can read it, though a copy of the browser's whole
 * profile can use it.  A handle is marked shown, durably, before its code is returned, so that no crash
 * shows one handle as if it were new.  Every failure is a CodeError with a stable `code`.
 */

const DATABASE = "carecode-healthcode";
const DATABASE_VERSION = 1;
const DEVICE = "device"; // one row, key "me"
const HANDLES = "handles"; // rows {id, handle, secret, shown, shownAt}
const BY_SHOWN = "byShown"; // 0 never shown, 1 shown
const MARKER = "carecode-healthcode-device"; // tells a lost key from none

const PREFIX = "CC1";
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const HANDLE_BYTES = 16;
const SECRET_BYTES = 32;
const SIGNATURE_BYTES = 64;
const BATCH_MAX = 256;

/** Milliseconds for which one code is drawn before its slot changes. */
export const SLOT_MS = 30_000;
/** Milliseconds for which one handle is shown; after it a new one, as after `fresh`. */
export const HANDLE_SHOWN_MS = 600_000;
/** Fewer handles than this left: fetch a batch when there is a network. */
export const HANDLES_LOW = 64;
/** The purposes a code can be made for, by the number that is signed. */
export const PURPOSES = Object.freeze({IDENTIFY: 1, REGISTER: 2, PAY: 3, OPEN_RECORD: 4, PROVE: 5, EMERGENCY: 6});
/** The purposes for which she types the desk's four digits. */
export const DESK_BOUND = Object.freeze(["PAY", "OPEN_RECORD"]);

const ALGORITHMS = Object.freeze({
  Ed25519: {number: 1, make: {name: "Ed25519"}, sign: {name: "Ed25519"}},
  "P-256": {number: 2, make: {name: "ECDSA", namedCurve: "P-256"}, sign: {name: "ECDSA", hash: "SHA-256"}},
});

/** A failure with a stable `code`: no-device, no-handles, no-crypto, desk-number, purpose, batch. */
export class CodeError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "CodeError";
    this.code = code;
  }
}

/** What is on the screen now: {owner, purpose, since, handle, secret, reused}; one handle, one purpose, one screen. */
let onScreen = null;

/**
 * Make this phone's key and forget any earlier one with its handles.
 *
 * Tries `algorithms` in order: Ed25519, then P-256 where the browser has no Ed25519.
 * Returns {algorithm: 1 | 2, publicKey}: the number to send, and 32 or 65 bytes in hexadecimal.
 * Throws CodeError no-crypto where there is no WebCrypto (a page without HTTPS).
 */
export async function createDevice(algorithms = ["Ed25519", "P-256"]) {
  const {name, pair} = await makeKey(algorithms);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const row = {algorithm: name, privateKey: pair.privateKey, publicKey, device: null, offsetMs: 0};
  onScreen = null;
  await change([DEVICE, HANDLES], (device, handles) => {
    handles.clear();
    device.put(row, "me");
  });
  mark(true);
  return {algorithm: ALGORITHMS[name].number, publicKey: hex(publicKey)};
}

/**
 * Keep the handles that the server gave: `[[handle, secret], ...]`, both hexadecimal, at most 256.
 *
 * The second argument is what else the server said: `device`, this phone's number there, and
 * `serverMs`, its clock, with `askedMs` and `gotMs`, this phone's clock before and after.
 * Handles that are here already stay as they are.  Throws CodeError batch, and keeps nothing, when one
 * is malformed; no-device when there is no key yet.
 */
export async function storeBatch(batch, {device, serverMs, askedMs, gotMs} = {}) {
  if (!Array.isArray(batch) || batch.length > BATCH_MAX) {
    throw new CodeError("batch", "The server sent handles in another form.");
  }
  const rows = batch.map(([handle, secret]) => ({
    handle: unhex(handle, HANDLE_BYTES),
    secret: unhex(secret, SECRET_BYTES),
    name: handle,
    shown: 0,
    shownAt: 0,
  }));
  const here = await deviceRow();
  if (device !== undefined) here.device = device;
  if (serverMs !== undefined) here.offsetMs = offset(serverMs, askedMs, gotMs);
  await change([DEVICE, HANDLES], (devices, handles) => {
    devices.put(here, "me");
    for (const row of rows) {
      const known = handles.index("byName").getKey(row.name);
      known.onsuccess = () => known.result === undefined && handles.add(row);
    }
    dropOldest(handles);
  });
  return deviceState();
}

/** Keep the difference between the server's clock and this phone's; the network's way is halved. */
export async function storeServerTime(serverMs, askedMs, gotMs) {
  const here = await deviceRow();
  here.offsetMs = offset(serverMs, askedMs, gotMs);
  await change([DEVICE], (devices) => devices.put(here, "me"));
}

/**
 * Make the code for `purpose` at `nowMs` of this phone's clock (the stored difference is added).
 *
 * One handle serves one purpose on one screen: the same call half a minute later gives the same handle
 * in a new slot.  `fresh` takes a new handle: pass it when she refreshes, and when a desk said "used".
 * Returns {text, endsAtMs, fresh, reused, left}: `endsAtMs` by this phone's clock, when to call again;
 * `reused` true when no handle was left and the one shown longest ago is shown again (it is good only
 * if no desk scanned it: say so on the screen); `left` handles never shown.
 * Throws CodeError desk-number, purpose, no-device, no-handles.
 */
export async function show(purpose, deskNumber, nowMs, {fresh = false} = {}) {
  const purposeNumber = PURPOSES[purpose];
  if (!Object.hasOwn(PURPOSES, purpose)) throw new CodeError("purpose", "There is no code for this.");
  const desk = DESK_BOUND.includes(purpose) ? (deskNumber ?? "") : "";
  if (DESK_BOUND.includes(purpose) && !/^[0-9]{4}$/.test(desk)) {
    throw new CodeError("desk-number", "Type the four digits of the desk.");
  }
  const here = await deviceRow();
  const owner = hex(here.publicKey); // another tab may have made another key
  const ageMs = nowMs - (onScreen?.since ?? 0);
  const same = onScreen?.owner === owner && onScreen.purpose === purpose && ageMs >= 0 && ageMs < HANDLE_SHOWN_MS;
  const stays = same && !fresh;
  if (!stays) onScreen = {owner, purpose, since: nowMs, ...(await takeHandle(nowMs))};
  const {handle, secret, reused} = onScreen;

  const slot = Math.floor((nowMs + here.offsetMs) / SLOT_MS);
  const algorithm = ALGORITHMS[here.algorithm];
  const head = new Uint8Array(1 + 4 + HANDLE_BYTES);
  head[0] = (algorithm.number << 4) | purposeNumber;
  new DataView(head.buffer).setUint32(1, slot);
  head.set(handle, 5);
  const message = joined(bytes(PREFIX), head, secret, bytes(desk));
  const signature = new Uint8Array(await crypto.subtle.sign(algorithm.sign, here.privateKey, message));
  if (signature.length !== SIGNATURE_BYTES) throw new CodeError("no-crypto", "This browser signs in another form.");
  return {
    text: PREFIX + base45(joined(head, signature)),
    endsAtMs: (slot + 1) * SLOT_MS - here.offsetMs,
    fresh: !stays,
    reused,
    left: await count(0),
  };
}

/**
 * Say how this phone stands: {state, algorithm, publicKey, device, left, shown, offsetMs}.
 *
 * `state`: "none" never had a key; "lost" had one and the browser threw it away (enrol again, never
 * silently); "empty" has a key and no handle; "ready".
 */
export async function deviceState() {
  const row = await read(DEVICE, "me");
  if (row === undefined) return {state: marked() ? "lost" : "none", left: 0, shown: 0};
  const [left, shown] = [await count(0), await count(1)];
  return {
    state: left + shown > 0 ? "ready" : "empty",
    algorithm: ALGORITHMS[row.algorithm].number,
    publicKey: hex(row.publicKey),
    device: row.device,
    offsetMs: row.offsetMs,
    left,
    shown,
  };
}

/** Forget key, handles and clock: this phone can show no code any more. */
export async function clear() {
  onScreen = null;
  await change([DEVICE, HANDLES], (device, handles) => {
    device.clear();
    handles.clear();
  });
  mark(false);
}

/** Write bytes in base45 (RFC 9285). */
export function base45(data) {
  let text = "";
  for (let at = 0; at + 1 < data.length; at += 2) {
    const pair = data[at] * 256 + data[at + 1];
    text += ALPHABET[pair % 45] + ALPHABET[Math.floor(pair / 45) % 45] + ALPHABET[Math.floor(pair / 2025)];
  }
  if (data.length % 2 === 1) {
    const last = data[data.length - 1];
    text += ALPHABET[last % 45] + ALPHABET[Math.floor(last / 45)];
  }
  return text;
}

async function makeKey(algorithms) {
  if (!globalThis.crypto?.subtle) throw new CodeError("no-crypto", "Codes need a secure connection (https).");
  for (const name of algorithms) {
    try {
      return {name, pair: await crypto.subtle.generateKey(ALGORITHMS[name].make, false, ["sign", "verify"])};
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // NotSupportedError: try the next
    }
  }
  throw new CodeError("no-crypto", "This browser can make no key for codes.");
}

/** Take a handle never shown, or the one shown longest ago, and mark it in the same transaction. */
async function takeHandle(nowMs) {
  let taken = null;
  await change([HANDLES], (handles) => {
    const use = (row, reused) => {
      taken = {handle: row.handle, secret: row.secret, reused};
      handles.put({...row, shown: 1, shownAt: nowMs});
    };
    const index = handles.index(BY_SHOWN);
    const unused = index.get(IDBKeyRange.bound([0], [0, []]));
    unused.onsuccess = () => {
      if (unused.result !== undefined) return use(unused.result, false);
      const oldest = index.get(IDBKeyRange.bound([1], [1, []]));
      oldest.onsuccess = () => oldest.result !== undefined && use(oldest.result, true);
    };
  });
  if (taken === null) throw new CodeError("no-handles", "This phone has no codes left. Connect to the internet.");
  return taken;
}

/** Keep the last BATCH_MAX shown handles only: they are shown again when no other is left. */
function dropOldest(handles) {
  const index = handles.index(BY_SHOWN);
  const shown = index.count(IDBKeyRange.bound([1], [1, []]));
  shown.onsuccess = () => {
    let surplus = shown.result - BATCH_MAX;
    if (surplus <= 0) return;
    const oldest = index.openKeyCursor(IDBKeyRange.bound([1], [1, []]));
    oldest.onsuccess = () => {
      if (oldest.result === null || surplus-- <= 0) return;
      handles.delete(oldest.result.primaryKey);
      oldest.result.continue();
    };
  };
}

async function deviceRow() {
  const row = await read(DEVICE, "me");
  if (row === undefined) throw new CodeError("no-device", "This phone has no key. Add it again.");
  return row;
}

function offset(serverMs, askedMs, gotMs) {
  const numbers = [serverMs, askedMs, gotMs];
  if (!numbers.every(Number.isFinite)) throw new CodeError("batch", "The server's time has another form.");
  return Math.round(serverMs + (gotMs - askedMs) / 2 - gotMs);
}

let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, DATABASE_VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(DEVICE);
      const handles = request.result.createObjectStore(HANDLES, {keyPath: "id", autoIncrement: true});
      handles.createIndex(BY_SHOWN, ["shown", "shownAt", "id"]);
      handles.createIndex("byName", "name", {unique: true});
    };
    request.onsuccess = () => {
      const forget = () => {
        opened = null;
      };
      request.result.onclose = forget; // the browser threw the data away: open anew
      request.result.onversionchange = () => {
        request.result.close();
        forget();
      };
      resolve(request.result);
    };
    request.onerror = () => {
      opened = null;
      reject(request.error);
    };
  });
  return opened;
}

/** Run `work` on the stores in one transaction; resolve when it is durable. */
async function change(stores, work) {
  const database = await open();
  await new Promise((resolve, reject) => {
    const transaction = database.transaction(stores, "readwrite", {durability: "strict"});
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
    work(...stores.map((store) => transaction.objectStore(store)));
  });
}

async function read(store, key) {
  return answer((await open()).transaction(store).objectStore(store).get(key));
}

async function count(shown) {
  const index = (await open()).transaction(HANDLES).objectStore(HANDLES).index(BY_SHOWN);
  return answer(index.count(IDBKeyRange.bound([shown], [shown, []])));
}

function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** The marker outlives an eviction of the keys only where the browser evicts them alone; a hint, no more. */
function mark(present) {
  if (present) globalThis.localStorage?.setItem(MARKER, "1");
  else globalThis.localStorage?.removeItem(MARKER);
}

function marked() {
  return globalThis.localStorage?.getItem(MARKER) === "1";
}

function bytes(text) {
  return new TextEncoder().encode(text);
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function unhex(text, length) {
  if (typeof text !== "string" || text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) {
    throw new CodeError("batch", "The server sent handles in another form.");
  }
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}
