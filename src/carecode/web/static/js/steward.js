// Keys 1, 2 and 3 choose an answer, unless somebody is typing or turned them off; nothing is sent by a key.
const form = document.getElementById("answer-form");
const line = document.getElementById("keys");
const KEPT = "steward-keys";

function isOn() {
  return localStorage.getItem(KEPT) !== "off";
}

function show() {
  const button = document.getElementById("keys-switch");
  button.textContent = isOn() ? button.dataset.off : button.dataset.on;
  for (const key of form.querySelectorAll("kbd")) key.hidden = !isOn();
}

if (form && line) {
  line.hidden = false;
  show();
  document.getElementById("keys-switch").addEventListener("click", () => {
    localStorage.setItem(KEPT, isOn() ? "off" : "on");
    show();
  });
  addEventListener("keydown", (event) => {
    if (!isOn() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("textarea, input:not([type=radio], [type=checkbox]), select")) return;
    const chosen = form.querySelectorAll("input[name=word]")[Number(event.key) - 1];
    if (!chosen) return;
    chosen.checked = true;
    chosen.focus();
    event.preventDefault();
  });
}
