// Passkeys: asks the server for a challenge, lets the browser make or prove a passkey, sends its answer.
// A button says what it does: data-passkey (get | create), data-ask and data-answer (addresses).
import { ask } from "./server.js";

const box = document.getElementById("passkey");
const words = box.dataset;
let busy = false;

/** Say a sentence where a screen reader hears it. */
export function say(sentence) {
  box.textContent = sentence;
  box.className = sentence ? "well" : "";
}

/** Let the buttons ask; `more` is sent with each question, such as an invitation. */
export function start(more = {}) {
  if (!window.PublicKeyCredential || !navigator.credentials) {
    say(words.none);
    return;
  }
  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", () => once(() => prove(button.dataset, more)));
  }
}

/** Run one question at a time; what goes wrong is said in words. */
export async function once(work) {
  if (busy) return;
  busy = true;
  say("");
  try {
    const { go } = await work();
    location.assign(go);
  } catch (error) {
    say(sentenceOf(error));
  } finally {
    busy = false;
  }
}

async function prove({ passkey, ask: from, answer: to }, more) {
  const options = (await ask(from, more)).answer;
  const publicKey = passkey === "create" ? creation(options) : request(options);
  const credential = await navigator.credentials[passkey]({ publicKey });
  if (credential === null) throw new DOMException("", "NotAllowedError");
  const sent = { credential: written(credential), next: words.next, wanted: words.wanted };
  return (await ask(to, sent)).answer;
}

function sentenceOf(error) {
  if (error.status) return error.message || words.failed;
  if (error.name === "InvalidStateError") return words.known;
  return error instanceof DOMException ? words.stopped : words.failed;
}

function creation(options) {
  const user = { ...options.user, id: bytes(options.user.id) };
  return { ...options, user, challenge: bytes(options.challenge), excludeCredentials: named(options.excludeCredentials) };
}

function request(options) {
  return { ...options, challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials) };
}

function named(credentials = []) {
  return credentials.map((one) => ({ ...one, id: bytes(one.id) }));
}

/** Write a credential as JSON (Web Authentication Level 3, 5.1): every buffer in base64url. */
function written(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: {},
  };
}

function bytes(base64url) {
  const plain = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// a page with more to say first (an invitation) starts the buttons itself
if (!document.getElementById("invited")) start();
