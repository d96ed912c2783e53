// Marks this phone in the list of her phones.
import { deviceState } from "./healthcode.js";

const { device } = await deviceState();
const row = device && document.querySelector(`[data-device="${Number(device)}"]`);
if (row) row.querySelector("[data-this]").hidden = false;
