// Proves with this phone's own key that it is at hand: it signs a challenge of the server.
import { standing } from "./device.js";
import { once } from "./passkey.js";
import { ask } from "./server.js";

const PREFIX = new TextEncoder().encode("CareCode proof 1\0"); // no code begins so
const ALGORITHMS = { Ed25519: { name: "Ed25519" }, "P-256": { name: "ECDSA", hash: "SHA-256" } };

const button = document.getElementById("phone-key");
const { state, device } = await standing(button.dataset.devices); // opens the phone's store, or makes it
const here = ["ready", "empty"].includes(state);
button.hidden = !here;
document.getElementById("no-phone-key").hidden = here;
button.addEventListener("click", () => once(prove));

async function prove() {
  const { challenge } = (await ask("/my/confirm/phone/ask", {})).answer;
  const row = await own();
  const message = new Uint8Array([...PREFIX, ...challenge.match(/../g).map((pair) => parseInt(pair, 16))]);
  const signed = new Uint8Array(await crypto.subtle.sign(ALGORITHMS[row.algorithm], row.privateKey, message));
  const signature = Array.from(signed, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const next = document.getElementById("passkey").dataset.next;
  return (await ask("/my/confirm/phone", { challenge, device, signature, next })).answer;
}

/** Read this phone's key; it is not extractable, it can only sign. */
function own() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("carecode-healthcode");
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const row = request.result.transaction("device").objectStore("device").get("me");
      row.onsuccess = () => resolve(row.result);
      row.onerror = () => reject(row.error);
      request.result.close(); // when the transaction is done
    };
  });
}
