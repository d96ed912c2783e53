// Builds what pages load into src/carecode/web/static/built/: run by ./carecode after `npm ci`.
// Fails rather than ship a file that names another host.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as sass from "sass";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, "node_modules");
const BUILT = join(ROOT, "src", "carecode", "web", "static", "built");
const CSS_BYTES_MAX = 60_000;

function styleSheet() {
  const { css } = sass.compile(join(ROOT, "frontend", "govuk.scss"), {
    loadPaths: [MODULES],
    style: "compressed",
    quietDeps: true,
  });
  if (css.length > CSS_BYTES_MAX) throw new Error(`govuk.css has ${css.length} bytes, more than ${CSS_BYTES_MAX}`);
  if (/@font-face|@import|url\(\s*["']?(?!data:)/.test(css)) throw new Error("govuk.css loads another file");
  return css;
}

// zxing-wasm would fetch its WebAssembly from a public host; here it takes the file beside it.
function scannerShare() {
  const source = readFileSync(join(MODULES, "zxing-wasm", "dist", "es", "share.js"), "utf8");
  const remote = /`https:\/\/[^`]*\/dist\/(\$\{[^}]+\}\/\$\{[^}]+\})`/g;
  const local = source.replaceAll(remote, "new URL(`./$1`, import.meta.url).href");
  if (local === source || /https?:\/\//.test(local)) throw new Error("zxing-wasm still names another host");
  return local;
}

// For browsers whose own WebCrypto cannot check Ed25519; without the addresses in its comments.
function signatures() {
  const source = readFileSync(join(MODULES, "@noble", "ed25519", "index.js"), "utf8");
  const quiet = source.replaceAll(/^\s*\/\/ https?:\/\/\S+$/gm, "");
  if (/https?:\/\//.test(quiet)) throw new Error("@noble/ed25519 names another host");
  return quiet;
}

function copy(from, to) {
  mkdirSync(dirname(join(BUILT, to)), { recursive: true });
  cpSync(join(MODULES, from), join(BUILT, to));
}

rmSync(BUILT, { recursive: true, force: true });
mkdirSync(join(BUILT, "zxing"), { recursive: true });
copy("govuk-frontend/dist/govuk/govuk-frontend.min.js", "govuk-frontend.min.js");
copy("qrcode-generator/dist/qrcode.mjs", "qrcode-generator.js");
copy("zxing-wasm/dist/es/reader/index.js", "zxing/reader/index.js");
copy("zxing-wasm/dist/reader/zxing_reader.wasm", "zxing/reader/zxing_reader.wasm");
writeFileSync(join(BUILT, "zxing", "share.js"), scannerShare());
writeFileSync(join(BUILT, "ed25519.js"), signatures());
writeFileSync(join(BUILT, "govuk.css"), styleSheet()); // last: its presence says that all is there
