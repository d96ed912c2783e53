// Makes this phone's key after she signed in on it, then shows her code.
import { enrol, standing } from "./device.js";

const words = document.getElementById("phone");
try {
  const { state } = await standing(words.dataset.devices);
  if (state !== "ready") await enrol(words.dataset.label);
  location.replace("/my");
} catch (error) {
  words.textContent = error.status ? error.message : words.dataset.failed;
}
