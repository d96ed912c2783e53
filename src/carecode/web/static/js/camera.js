// Reads QR codes from the camera on this computer; no picture leaves it or is kept.
import { prepareZXingModule, readBarcodes } from "../built/zxing/reader/index.js";

const EVERY_MS = 120;
const WIDTH_MAX = 960;
const WASM = new URL("../built/zxing/reader/zxing_reader.wasm", import.meta.url).href;

prepareZXingModule({ overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? WASM : prefix + path) } });

/** Why the camera cannot be used: "denied", "none" or "busy". */
export function reason(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return "denied";
  return error.name === "NotReadableError" || error.name === "AbortError" ? "busy" : "none";
}

/** Show the camera in `video` and call `found(text)` for every code seen; returns how to stop it. */
export async function watch(video, found) {
  if (!navigator.mediaDevices) throw Object.assign(new Error(), { name: "NotFoundError" });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: 1280 } });
  video.srcObject = stream;
  await video.play();
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let on = true;
  const look = async () => {
    if (!on) return;
    const scale = Math.min(1, WIDTH_MAX / (video.videoWidth || 1));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    if (canvas.width > 0) {
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      const image = context.getImageData(0, 0, canvas.width, canvas.height);
      const [code] = await readBarcodes(image, { formats: ["QRCode"], maxNumberOfSymbols: 1 });
      if (code?.isValid && on) found(code.text);
    }
    setTimeout(look, EVERY_MS);
  };
  look();
  return () => {
    on = false;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
