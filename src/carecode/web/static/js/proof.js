// "Who looked": this device checks her list itself and puts its own word in the place of the server's.
import { Fault, check, checkRows, wordless } from "./listproof.js";
import { ask } from "./server.js";

const REMEMBERED = "carecode.proof.";
const LANGUAGE = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
const place = document.getElementById("proof");

if (place !== null) {
  try {
    const { answer: proof } = await ask(place.dataset.source);
    await tell(proof);
  } catch (error) {
    say(error instanceof Fault ? error : { code: "away" });
    if (!(error instanceof Fault)) console.info("not checked:", error.message);
  }
}

async function tell(proof) {
  const name = REMEMBERED + proof.lists[0].resident;
  const before = remembered(name);
  let fetching = 0;
  const began = performance.now();
  const { told, remember } = await check(proof, before, consistency, Date.now());
  const { end } = checkRows(rows(), proof, Date.parse(place.dataset.now), asked());
  const took = performance.now() - began - fetching;
  keep(name, remember);
  say({ code: proof.whole ? "whole" : "part", entries: told.entries });
  fill({ ...told, wordless: wordless(proof, end), older: told.entries - end }, before, took);

  async function consistency(old, size) {
    const from = performance.now();
    const { answer } = await ask(`/log/proof/consistency?old=${old}&new=${size}`);
    fetching += performance.now() - from;
    return answer.proof;
  }
}

function remembered(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // a browser that keeps nothing checks anew each time
  }
}

// Which page of the list this is: what she asked for, and what the page says stands elsewhere.
function asked() {
  const query = new URLSearchParams(location.search);
  const kind = ["people", "computers"].find((one) => one === query.get("kind")) ?? "";
  const { later, earlier } = place.dataset;
  return { kind, own: query.get("own") === "1", later: Number(later), earlier: Number(earlier) };
}

function rows() {
  return [...document.querySelectorAll("[data-entry]")].map((row) => {
    const [seq, at] = row.dataset.entry.split(" ");
    return { seq, at, text: row.textContent };
  });
}

// The sentences stand in the page as templates, in her language; the one that holds takes the server's place.
function say({ code, at, entries }) {
  const sentence = place.querySelector(`template[data-said="${code}"]`).content.cloneNode(true);
  const day = sentence.querySelector("[data-day]");
  if (day !== null && at !== undefined) {
    const words = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
    day.textContent = `${new Intl.DateTimeFormat(LANGUAGE, words).format(new Date(at))}.`;
  }
  const newest = sentence.querySelector("[data-newest]");
  if (newest !== null) newest.textContent = entries;
  place.querySelector("[data-shown]").replaceChildren(sentence);
  place.dataset.state = code;
}

function fill(told, before, took) {
  const when = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });
  const values = {
    entries: told.entries,
    wordless: told.wordless,
    older: told.older,
    waiting: told.waiting,
    size: told.size,
    witnesses: told.witnesses,
    root: told.root.slice(0, 12),
    before: before === undefined ? "\u2013" : when.format(before.atMs),
    time: `${took.toFixed(1)} ms`,
  };
  for (const [name, value] of Object.entries(values)) {
    place.querySelector(`[data-told="${name}"]`).textContent = value;
  }
  for (const label of place.querySelectorAll("[data-counts]")) {
    label.hidden = label.dataset.counts !== place.dataset.state;
  }
  place.querySelector("details").hidden = false;
}
