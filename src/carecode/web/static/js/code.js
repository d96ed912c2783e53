// Her code: drawn on the phone, new every half minute, with or without a network.
import { DESK_BOUND, HANDLES_LOW, SLOT_MS, show, storeServerTime } from "./healthcode.js";
import { refill, standing } from "./device.js";
import { draw } from "./qr.js";
import { ask } from "./server.js";

const NEWS_MS = 1_000;
const NEWS_OFFLINE_MS = 5_000;
const TICK_MS = 1_000;
const RETRY_MS = 10_000;
const CLOCK_EVERY = 60; // polls between two corrections of the clock

const $ = (id) => document.getElementById(id);
const words = $("code").dataset;
let code = null; // what show() returned
let fresh = false;
let since = Number(words.now);
let polls = 0;
let refilling = false;
let drawing = Promise.resolve();

const purpose = () => new FormData($("controls")).get("purpose");
const desk = () => $("desk-number").value.normalize("NFKC").replace(/[^0-9]/g, "");

/** Draw the code for what is chosen, one drawing after the other. */
function redraw() {
  drawing = drawing.then(redrawNow, redrawNow);
  return drawing;
}

async function redrawNow() {
  if (document.hidden || !$("scanned").hidden) return;
  if (DESK_BOUND.includes(purpose()) && desk().length !== 4) return blank(words.wait);
  try {
    const asked = fresh;
    code = await show(purpose(), desk(), Date.now(), { fresh: asked });
    fresh = false;
    draw($("plate"), code.text, $("plate").clientWidth, words.label);
    if ($("full").open) drawFull();
    $("code-text").textContent = code.text;
    $("tools").hidden = false;
    $("seconds").hidden = false;
    if (code.reused) say(words.reused);
    if (code.left < HANDLES_LOW) more();
    tick();
  } catch (error) {
    if (error.code === "no-device") return lost();
    blank(error.code === "no-handles" ? words.empty : words.failed);
    more();
  }
}

/** Say something where the code would stand; there is none then. */
function blank(sentence) {
  code = null;
  const text = document.createElement("p");
  text.textContent = sentence;
  $("plate").replaceChildren(text);
  $("left").style.width = "0";
  $("seconds").hidden = true;
  $("tools").hidden = true;
  $("code-text").textContent = "";
}

function lost() {
  blank(words.lost);
  const again = document.createElement("a");
  again.href = "/my/phone";
  again.textContent = words.make;
  const line = document.createElement("p");
  line.append(again);
  $("plate").append(line);
}

function tick() {
  if (code === null) return;
  const leftMs = code.endsAtMs - Date.now();
  if (leftMs <= 0 || leftMs > SLOT_MS) return redraw();
  $("seconds-number").textContent = Math.ceil(leftMs / 1000);
  $("left").style.width = `${(100 * Math.ceil(leftMs / 1000) * 1000) / SLOT_MS}%`;
}

function say(sentence) {
  $("said").textContent = sentence;
}

async function more() {
  if (refilling) return;
  refilling = true;
  try {
    const state = await standing(words.devices);
    if (typeof state.device === "number") await refill(state.device);
    if (code === null) redraw();
  } catch {
    // without a network the phone goes on with what it has, and asks again
  } finally {
    setTimeout(() => (refilling = false), RETRY_MS);
  }
}

/** Ask what happened since; the line says when there is no network, the code stays where it is. */
async function news() {
  let wait = NEWS_MS;
  try {
    if (!document.hidden) {
      const { answer, askedMs, gotMs } = await ask(`/my/news?since=${since}`);
      offline(false);
      if (polls % CLOCK_EVERY === 0 && code !== null) await storeServerTime(answer.now_ms, askedMs, gotMs);
      polls += 1;
      if (answer.title) told(answer);
    }
  } catch (error) {
    if (error.status === 403) return location.reload();
    offline(!error.status);
    wait = NEWS_OFFLINE_MS;
  }
  setTimeout(news, wait);
}

function offline(is) {
  $("offline").hidden = !is;
}

/** Only a scan replaces the code. */
function told(answer) {
  since = answer.at_ms;
  const again = $("scanned").hidden;
  $("scanned-title").textContent = answer.title;
  $("scanned-detail").textContent = answer.detail;
  $("scanned-ticket").hidden = !answer.number;
  $("scanned-number").textContent = answer.number ?? "";
  $("scanned-where").textContent = answer.where ?? "";
  $("showing").hidden = true;
  $("scanned").hidden = false;
  if ($("full").open) $("full").close();
  say([answer.title, answer.number].filter(Boolean).join(" "));
  if (again) $("scanned-title").focus();
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(200); // browsers refuse it before the first tap
  watchTicket();
}

/** The desk gives the number some seconds after the scan: keep asking for it while the card stands. */
async function watchTicket() {
  const shown = since;
  while (!$("scanned").hidden && since === shown) {
    await new Promise((done) => setTimeout(done, NEWS_MS));
    try {
      const { answer } = await ask(`/my/news?since=${shown - 2}`);
      if (answer.number && since === shown) {
        $("scanned-ticket").hidden = false;
        $("scanned-number").textContent = answer.number;
        $("scanned-where").textContent = answer.where;
      }
    } catch {
      // the next second may do better
    }
  }
}

function showAgain() {
  $("scanned").hidden = true;
  $("showing").hidden = false;
  fresh = true;
  redraw();
  $("plate").focus();
}

function drawFull() {
  draw($("full-plate"), code.text, Math.min(innerWidth, innerHeight - 80), words.label);
}

function chosen() {
  const now = purpose();
  $("desk").hidden = !DESK_BOUND.includes(now);
  for (const note of document.querySelectorAll("[data-purpose]")) note.hidden = note.dataset.purpose !== now;
  redraw();
}

$("controls").addEventListener("submit", (event) => event.preventDefault());
$("controls").addEventListener("change", (event) => event.target.name === "purpose" && chosen());
$("desk-number").addEventListener("input", redraw);
$("again").addEventListener("click", showAgain);
$("full-button").addEventListener("click", () => {
  $("full").showModal();
  drawFull();
});
$("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText($("code-text").textContent);
  $("copied").textContent = words.copied;
});
document.addEventListener("visibilitychange", redraw);
addEventListener("resize", redraw); // the phone was turned: whole pixels per module for its new width
addEventListener("online", () => offline(false));
addEventListener("offline", () => offline(true));

const { state } = await standing(words.devices);
if (state === "ready" || state === "empty") chosen();
else lost();
setInterval(tick, TICK_MS);
news();
