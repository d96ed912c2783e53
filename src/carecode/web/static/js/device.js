// This phone and the server: is the key here hers, make one, fetch more handles.
import { createDevice, deviceState, storeBatch } from "./healthcode.js";
import { ask } from "./server.js";

/** Say how this phone stands for the signed-in person: another person's key counts as none. */
export async function standing(ownDevices) {
  const state = await deviceState();
  const own = ownDevices.split(" ").filter(Boolean).map(Number);
  return state.device === undefined || own.includes(state.device) ? state : { ...state, state: "other" };
}

/** Make a key, tell the server its public half, keep the handles. */
export async function enrol(label) {
  const { algorithm, publicKey } = await createDevice();
  await keep(await ask("/my/device", { algorithm, public_key: publicKey, label }));
}

/** Fetch more handles for the key that is here. */
export async function refill(device) {
  await keep(await ask("/my/device/batch", { device }));
}

async function keep({ answer, askedMs, gotMs }) {
  await storeBatch(answer.handles, { device: answer.device, serverMs: answer.now_ms, askedMs, gotMs });
}
