// A counter's listening field: typing, a scanner that types wherever the cursor is, or the camera.
import "./page.js";

const KEY_GAP_MS = 50; // scanners type faster than people
const SAME_MS = 2_000; // the same code twice within this is one scan
const PREFIX = "CC1";
const LAST = "carecode-last-scan";
const FULL_WIDTH = /[\uff01-\uff5e\u3000]/;

const $ = (id) => document.getElementById(id);
const box = $("listening").dataset;
const field = $("code");
let stop = null;
let sent = false;

/** Send a code once; the same one again within two seconds, from whichever channel, is the same scan. */
function send(text) {
  const [last, at] = (sessionStorage.getItem(LAST) ?? "").split("\n");
  if (sent || (last === text && Date.now() - Number(at) < SAME_MS)) return;
  sent = true;
  sessionStorage.setItem(LAST, `${text}\n${Date.now()}`);
  field.value = text;
  $("code-form").submit();
}

/** Catch what a keyboard scanner types, wherever the focus is: CC1..., fast, ended by Enter. */
const typed = { text: "", last: 0, restore: null };
addEventListener("keydown", scanned, { capture: true });

function scanned(event) {
  const gap = event.timeStamp - typed.last;
  typed.last = event.timeStamp;
  if (gap > KEY_GAP_MS) Object.assign(typed, { text: "", restore: remembered(event.target) });
  const inImeOrShortcut = event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey;
  if (event.key === "Process" || inImeOrShortcut) {
    if (event.key === "Process" && gap <= KEY_GAP_MS) $("listening-words").textContent = box.keyboard;
    return;
  }
  const isCode = typed.text.startsWith(PREFIX);
  if (event.key === "Enter" && isCode) {
    swallow(event);
    const text = typed.text;
    typed.text = "";
    return send(text);
  }
  if (event.key.length !== 1) return;
  typed.text += event.key.toUpperCase();
  if (typed.text === PREFIX && typed.restore && event.target !== field) {
    typed.restore();
  }
  if (typed.text.startsWith(PREFIX)) swallow(event);
}

function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Remember a field as it was before the scanner's first letters fell into it. */
function remembered(element) {
  if (!(element instanceof HTMLInputElement) || element.type === "date") return null;
  const { value } = element;
  return () => {
    element.value = value;
  };
}

field.addEventListener("beforeinput", (event) => {
  if (event.data && FULL_WIDTH.test(event.data)) $("listening-words").textContent = box.keyboard;
});
$("code-form").addEventListener("submit", (event) => {
  field.value = field.value.normalize("NFKC").trim();
  if (sent) event.preventDefault();
});

async function toggle() {
  const button = $("camera");
  if (stop) {
    stop();
    stop = null;
  } else {
    button.disabled = true;
    try {
      const camera = await import("./camera.js");
      try {
        stop = await camera.watch($("video"), send);
        $("listening-words").textContent = "";
      } catch (error) {
        $("listening-words").textContent = box[camera.reason(error)];
      }
    } catch {
      $("listening-words").textContent = box.none;
    }
    button.disabled = false;
  }
  $("eye").hidden = stop === null;
  button.querySelector("span").textContent = stop ? box.turnOff : box.turnOn;
}

$("camera").hidden = false;
$("camera").addEventListener("click", toggle);
addEventListener("pagehide", () => stop?.());
if (!document.querySelector("[data-focus]")) field.focus();
