// The page: what is drawn or opened is read, and what was read is shown.

import { Pad } from "./pad.js";
import { openPhoto } from "./photo.js";
import { startReader } from "./reader.js";
import { showBlank, showReading } from "./showing.js";

const element = (id) => document.getElementById(id);

// The scheme that was chosen in the documentation, if one was.
try {
  const { mode } = localStorage;
  if (mode === "light" || mode === "dark") document.documentElement.style.colorScheme = mode;
} catch {
  // Where storing is not allowed nothing was chosen.
}

const pad = new Pad(element("pad"), showTools, update);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => pad.show());

let read = null; // until the networks have started
let isReading = false;
let isOutdated = false;

element("undo").addEventListener("click", () => pad.undo());
element("clear").addEventListener("click", () => pad.clear());
element("open").addEventListener("click", () => element("file").click());
element("file").addEventListener("change", ({ target }) => {
  open(target.files);
  target.value = ""; // so that the same file can be opened again
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  pad.undo();
});
// Anywhere on the page: beside the paper the browser would leave the page for the file.
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  element("pad").classList.add("dropping");
});
document.addEventListener("dragleave", () => element("pad").classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  element("pad").classList.remove("dropping");
  open(event.dataTransfer.files);
});

showBlank("Starting the networks");
update();
start().then(update, (error) => {
  showBlank("Nothing can be read");
  complain(error);
});

async function start() {
  if (typeof WebAssembly === "undefined") {
    throw new Error(
      "This browser has no WebAssembly, by which the networks run. Expected a current Chrome, " +
        "Edge, Firefox or Safari that does not block it.",
    );
  }
  // What build.mjs has packed into the script that is run after this one: from a folder of files a
  // page may load scripts, and nothing else.
  await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve));
  if (!globalThis.FILES) throw new Error("files.js, which has the networks, is missing.");
  const { packed, calibration } = globalThis.FILES;
  const files = await Promise.all(Object.values(packed).map(unpacked));
  const named = Object.fromEntries(Object.keys(packed).map((name, i) => [name, files[i]]));
  try {
    read = await startReader({ ...named, calibration });
  } catch ({ message }) {
    throw new Error(
      `The networks don't start in this browser, which may block WebAssembly or be too old: ${message}`,
    );
  }
  performance.mark("ready");
}

function unpacked(base64) {
  const bytes =
    Uint8Array.fromBase64?.(base64) ?? Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function open([file]) {
  if (!file) {
    return complain({ message: "What was dropped is no file. Expected a photo or a drawing." });
  }
  try {
    pad.open(await openPhoto(file));
  } catch (error) {
    complain(error);
  }
}

function complain({ message }) {
  element("message").textContent = message;
}

// What may be done, and whether the paper says what it is for.
function showTools() {
  element("invitation").hidden = !pad.isBlank;
  element("undo").disabled = !pad.canUndo;
  element("clear").disabled = pad.isBlank;
}

// Reads what is on the paper, one after the other: what has changed meanwhile is read afterwards.
async function update() {
  showTools();
  isOutdated = true;
  if (!read || isReading) return;
  isReading = true;
  element("message").textContent = "";
  try {
    while (isOutdated) {
      isOutdated = false;
      performance.mark("reading");
      const reading = await read(pad.image());
      performance.measure("reading", "reading");
      if (isOutdated) continue;
      if (reading) showReading(reading);
      else showBlank(pad.isBlank ? "Nothing yet" : "Nothing stands out of the paper");
      pad.mark(reading?.digits.flatMap(({ box }) => box ?? []) ?? []);
    }
  } catch (error) {
    complain(error);
  } finally {
    isReading = false;
  }
}
