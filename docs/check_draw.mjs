// Tries the page on which one draws as a visitor does, in Chromium, from its file:
//
//   make -C docs html check
//
// Wide and on a phone, light and dark: accessibility, errors, how soon it reads and how fast. Then
// what visitors do, also with what the page can't use; and last what check_drawings.py has drawn,
// which has to be read as Python reads it. Exits with 1 if anything is wrong, and leaves
// screenshots in _build/screenshots. CHROMIUM names the browser.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const here = fileURLToPath(new URL(".", import.meta.url));
const address = pathToFileURL(join(here, "_build", "html", "draw", "index.html")).href;
const screenshots = join(here, "_build", "screenshots");
const drawings = JSON.parse(readFileSync(join(here, "_build", "drawings.json"), "utf-8"));
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const screens = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const themes = ["light", "dark"];

// Milliseconds from the first paint until it reads, and for a reading. What takes longer is told, and
// no fault: on a machine that does other things as well anything takes any time.
const READY = 1500;
const READING = 50;

// Shares of the drawings that have to be as in Python. A frame is if its pixels differ by so much
// on average, of 255: a browser draws the edges of strokes in its own way.
const ALIKE = { digits: 0.99, frames: 0.99, numbers: 0.95 };
const APART = 4;

// Pixels of the paper, as in draw/pad.js.
const paper = { width: 384, height: 256 };

const seven = [[[130, 50], [250, 50], [180, 210]]];
const seventeen = [[[80, 60], [80, 200]], [[180, 60], [280, 60], [220, 200]]];

const problems = [];

function expect(isRight, where, what) {
  if (!isRight) problems.push(`${where}: ${what}`);
}

function tell(what, median, bound) {
  console.log(`${what}; median ≤ ${bound}: ${median <= bound ? "ok" : "MISSED"}`);
}

// The page, in which everything that goes wrong is written down.
async function open(browser, { screen = "wide", theme = "light", prepare, where }) {
  const context = await browser.newContext({
    viewport: screens[screen],
    colorScheme: theme,
    hasTouch: screen === "phone",
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(`${where}: error in a script: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`${where}: console: ${message.text()}`);
  });
  page.on("request", (request) => {
    expect(/^(file|data|blob):/.test(request.url()), where, `asks for ${request.url()}`);
  });
  if (prepare) await page.addInitScript(prepare);
  await page.goto(address);
  return page;
}

async function ready(page) {
  await page.waitForFunction(() => performance.getEntriesByName("ready").length);
}

// Draws strokes by events of a pointer, and waits until the last one is read: what the page says,
// the frame, and how long the reading took.
async function draw(page, strokes) {
  return page.evaluate(
    async ([strokes, { width, height }]) => {
      const pad = document.getElementById("pad");
      const box = pad.getBoundingClientRect();
      const send = (type, [x, y]) => {
        const clientX = box.left + (x / width) * box.width;
        const clientY = box.top + (y / height) * box.height;
        const of = { bubbles: true, isPrimary: true, pointerId: 1, clientX, clientY };
        pad.dispatchEvent(new PointerEvent(type, of));
      };
      const nReadings = () => performance.getEntriesByName("reading", "measure").length;
      for (const stroke of strokes) {
        const before = nReadings();
        send("pointerdown", stroke[0]);
        for (const point of stroke.slice(1)) send("pointermove", point);
        send("pointerup", stroke.at(-1));
        while (nReadings() === before) await new Promise((resolve) => setTimeout(resolve));
      }
      const seen = document.getElementById("seen");
      const { data } = seen.getContext("2d").getImageData(0, 0, seen.width, seen.height);
      return {
        text: document.getElementById("text").textContent,
        frame: data.filter((_, i) => i % 4 === 0),
        took: performance.getEntriesByName("reading", "measure").at(-1).duration,
      };
    },
    [strokes, paper],
  );
}

async function clear(page) {
  const button = page.getByRole("button", { name: "Clear" });
  if (await button.isEnabled()) await button.click();
}

// What there is to see at first, and of a digit and a number.
async function look(browser, screen, theme) {
  const where = `${screen}, ${theme}`;
  const page = await open(browser, { screen, theme, where });
  await ready(page);
  for (const [name, strokes] of Object.entries({ blank: [], seven, seventeen })) {
    if (strokes.length) {
      await clear(page);
      await draw(page, strokes);
    }
    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate(() => axe.run(document));
    for (const { id, help, nodes } of violations) {
      problems.push(`${where}, ${name}: ${id}: ${help}: ${nodes[0].html.slice(0, 160)}`);
    }
    const overflow = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return scrollWidth - clientWidth;
    });
    expect(overflow <= 0, `${where}, ${name}`, `scrolls sideways by ${overflow} pixels`);
    const path = join(screenshots, `draw-${name}-${screen}-${theme}.png`);
    await page.screenshot({ path, fullPage: true });
  }
  await page.context().close();
}

// Milliseconds from the first paint until it reads.
async function start(browser) {
  const page = await open(browser, { where: "start" });
  await ready(page);
  const took = await page.evaluate(() => {
    const [paint] = performance.getEntriesByType("paint");
    return performance.getEntriesByName("ready")[0].startTime - paint.startTime;
  });
  await page.context().close();
  return took;
}

// By mouse, by keyboard alone, and backwards.
async function use(browser) {
  const where = "use";
  const page = await open(browser, { where });
  const is = async (text, what) => {
    const read = page.locator("#text");
    for (let times = 0; times < 50 && (await read.textContent()) !== text; times++) {
      await page.waitForTimeout(100);
    }
    const found = await read.textContent();
    expect(found === text, where, `${what} is read as “${found}”, not “${text}”`);
  };
  // Before the networks have started, too.
  const box = await page.locator("#pad").boundingBox();
  const [[start, ...points]] = seven;
  const at = ([x, y]) => [
    box.x + (x / paper.width) * box.width,
    box.y + (y / paper.height) * box.height,
  ];
  await page.mouse.move(...at(start));
  await page.mouse.down();
  for (const point of points) await page.mouse.move(...at(point), { steps: 5 });
  await page.mouse.up();
  await is("7", "drawn with a mouse");
  await page.getByRole("button", { name: "Clear" }).press("Enter");
  await is("", "cleared");
  await page.keyboard.press("Control+z");
  await is("7", "cleared and undone");
  await page.getByRole("button", { name: "Undo" }).click();
  await is("", "undone");

  await page.locator("#pad").focus();
  for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Space");
  for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await is("1", "drawn with the keyboard");

  const buffer = await page.locator("#pad").screenshot();
  await page.locator("#file").setInputFiles({ name: "one.png", mimeType: "image/png", buffer });
  await is("1", "opened as a picture");
  await page.context().close();
}

// What the page can't use: files that are no pictures, a browser without WebAssembly.
async function misuse(browser) {
  const page = await open(browser, { where: "misuse" });
  await ready(page);
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["no picture"], "notes.txt", { type: "text/plain" }));
    const how = { bubbles: true, cancelable: true, dataTransfer };
    document.body.dispatchEvent(new DragEvent("drop", how));
  });
  await hasWord(page, "notes.txt");
  const { text } = await draw(page, seven);
  expect(text === "7", "misuse", `after notes.txt a 7 is read as ${text}`);
  await page.context().close();

  const prepare = () => delete globalThis.WebAssembly;
  const poor = await open(browser, { prepare, where: "without WebAssembly" });
  await hasWord(poor, "WebAssembly");
  await poor.context().close();
}

async function hasWord(page, word) {
  const alert = page.getByRole("alert").filter({ hasText: word });
  await alert.waitFor({ timeout: 5000 }).catch(() => problems.push(`misuse: no word of ${word}`));
}

// What Python has read, once more.
async function compare(browser) {
  const page = await open(browser, { where: "drawings" });
  await ready(page);
  const times = [];
  const isAlike = { digits: [], frames: [], numbers: [] };
  for (const [i, { strokes, text, frame }] of drawings.entries()) {
    await clear(page);
    const found = await draw(page, strokes);
    times.push(found.took);
    isAlike[frame ? "digits" : "numbers"].push(found.text === text);
    if (found.text !== text) console.log(`drawing ${i} is ${found.text}, in Python ${text}`);
    if (!frame) continue;
    const apart = frame.reduce((sum, value, k) => sum + Math.abs(value - found.frame[k]), 0);
    isAlike.frames.push(apart <= APART * frame.length);
  }
  for (const [what, alike] of Object.entries(isAlike)) {
    const n = alike.filter(Boolean).length;
    console.log(`${n} of ${alike.length} ${what} are as in Python`);
    expect(n >= ALIKE[what] * alike.length, "drawings", `too few ${what}`);
  }
  await page.context().close();
  return times;
}

mkdirSync(screenshots, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
try {
  for (const screen of Object.keys(screens)) {
    for (const theme of themes) await look(browser, screen, theme);
  }
  await use(browser);
  await misuse(browser);
  const times = await compare(browser);
  if (times.length) {
    const median = times.toSorted((a, b) => a - b)[times.length >> 1];
    tell(`A reading takes ${median.toFixed()} ms, at most ${Math.max(...times).toFixed()}`, median, READING);
  } else console.log("CNN_DIGITS_DATA names no folder: there are no drawings to compare with");
  const starts = [];
  for (let i = 0; i < 5; i++) starts.push(await start(browser));
  const rounded = starts.map((ms) => ms.toFixed());
  const median = starts.toSorted((a, b) => a - b)[2];
  tell(`From the first paint until it reads it takes ${rounded.join(", ")} ms`, median, READY);
} finally {
  await browser.close();
}

for (const problem of problems) console.log(`PROBLEM: ${problem}`);
console.log(`The page on which one draws: ${problems.length} problems`);
process.exitCode = problems.length ? 1 : 0;
