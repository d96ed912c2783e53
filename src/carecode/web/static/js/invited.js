// An invitation stands behind the # of its link, so that no server's log holds it.
import { once, say, start } from "./passkey.js";
import { ask } from "./server.js";

const words = document.getElementById("passkey").dataset;
const invitation = decodeURIComponent(location.hash.slice(1));
history.replaceState(null, "", location.pathname);

try {
  if (!/^[0-9a-f]{64}$/.test(invitation)) throw Object.assign(new Error(words.gone), { status: 400 });
  const { answer } = await ask("/signin/invite/look", { invitation });
  document.getElementById("invited").hidden = false;
  document.getElementById("invited-name").textContent = answer.name;
  document.getElementById("invited-place").textContent = answer.place;
  if (answer.organisation) {
    const button = document.getElementById("through-hospital");
    const sent = { invitation, organisation: answer.organisation };
    button.hidden = false;
    button.addEventListener("click", () => once(async () => (await ask("/signin/provider", sent)).answer));
  }
  start({ invitation });
} catch (error) {
  say(error.status ? error.message : words.failed);
}
