// Builds the page on which one draws, into one folder of plain files:
//
//   node draw/build.mjs CALIBRATION FOLDER
//
// A browser that opens a page from a file loads classic scripts, but neither modules, WebAssembly
// nor data. So the modules become one script, page.js; ONNX Runtime and the networks are packed as
// text into another one, files.js.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const [calibration, folder] = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));
const networks = join(here, "../../src/cnn_digits/pretrained");
const runtime = createRequire(import.meta.url).resolve(
  "onnxruntime-web/ort-wasm-simd-threaded.wasm",
);

const packed = (path) => gzipSync(readFileSync(path), { level: 9 }).toString("base64");

mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [join(here, "page.js")],
  outfile: join(folder, "page.js"),
  bundle: true,
  minify: true,
  format: "iife",
  // By which ONNX Runtime would find files beside it; it is given all that it needs.
  define: { "import.meta.url": "document.baseURI" },
  legalComments: "eof",
});
const files = {
  packed: {
    runtime: packed(runtime),
    digits: packed(join(networks, "digits.onnx")),
    numbers: packed(join(networks, "numbers.onnx")),
  },
  calibration: JSON.parse(calibration),
};
writeFileSync(join(folder, "files.js"), `globalThis.FILES = ${JSON.stringify(files)};\n`);
// Styles in the page itself: what checks a page reads them by requests, which a file refuses.
const style = readFileSync(join(here, "page.css"), "utf-8");
const html = readFileSync(join(here, "index.html"), "utf-8");
const whole = html.replace(/<link rel="stylesheet"[^>]*>/, () => `<style>\n${style}</style>`);
writeFileSync(join(folder, "index.html"), whole);
copyFileSync(join(here, "../_static/favicon.svg"), join(folder, "favicon.svg"));
