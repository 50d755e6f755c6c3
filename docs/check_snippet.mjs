// Runs the JavaScript of the page on exporting in Node, on the network in the package and on a one:
//
//   make -C docs check

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = join(here, "_build", "snippet");
const guide = readFileSync(join(here, "user_guide", "deployment.rst"), "utf-8");
const block = guide.match(/\.\. code-block:: javascript\n\n((?: {4}.*\n|\n)+)/)[1];

// What the reader has to have: an image.
const before = `
  const pixels = new Float32Array(28 * 28);
  for (let row = 4; row < 24; row++) pixels[28 * row + 13] = pixels[28 * row + 14] = 255;
`;

mkdirSync(folder, { recursive: true });
copyFileSync(
  join(here, "..", "src", "cnn_digits", "pretrained", "digits.onnx"),
  join(folder, "digits.onnx"),
);
writeFileSync(join(folder, "snippet.mjs"), `${before}${block}export { label };\n`);
process.chdir(folder);
const { label } = await import(pathToFileURL(join(folder, "snippet.mjs")));
if (label !== 1) {
  console.log(`PROBLEM: the JavaScript of user_guide/deployment.rst reads ${label}, expected 1`);
  process.exitCode = 1;
}
