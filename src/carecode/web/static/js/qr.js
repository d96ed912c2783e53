// Draws QR codes as SVG: whole pixels per module, black on white, quiet zone of four modules.
import qrcode from "../built/qrcode-generator.js";

const QUIET_MODULES = 4;
const CORRECTION = "M";
const ALPHANUMERIC = /^[0-9A-Z $%*+\-./:]*$/;
const SVG = "http://www.w3.org/2000/svg";

/** Draw `text` into `element`, at most `size` CSS pixels wide, labelled for those who do not see it. */
export function draw(element, text, size, label) {
  const code = qrcode(0, CORRECTION);
  code.addData(text, ALPHANUMERIC.test(text) ? "Alphanumeric" : "Byte");
  code.make();
  const count = code.getModuleCount();
  const whole = count + 2 * QUIET_MODULES;
  const pixels = Math.max(1, Math.floor(size / whole)) * whole;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${whole} ${whole}`);
  svg.setAttribute("width", pixels);
  svg.setAttribute("height", pixels);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", outline(code, count));
  svg.append(path);
  element.replaceChildren(svg);
}

function outline(code, count) {
  let d = "";
  for (let y = 0; y < count; y += 1) {
    for (let x = 0; x < count; x += 1) {
      if (!code.isDark(y, x)) continue;
      let length = 1;
      while (x + length < count && code.isDark(y, x + length)) length += 1;
      d += `M${x + QUIET_MODULES} ${y + QUIET_MODULES}h${length}v1h-${length}z`;
      x += length;
    }
  }
  return d;
}

for (const element of document.querySelectorAll("[data-qr]")) {
  draw(element, element.dataset.qr, element.clientWidth, element.dataset.label);
}
