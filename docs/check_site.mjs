// Looks at the built documentation as a visitor does, in Chromium.
//
//   make -C docs html check
//
// Four pages, on a wide screen and on a phone, light and dark. Exits with 1 if anything is wrong,
// and leaves screenshots of whole pages in _build/screenshots. CHROMIUM names the browser.

import { createReadStream, existsSync, mkdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const here = fileURLToPath(new URL(".", import.meta.url));
const site = join(here, "_build", "html");
const screenshots = join(here, "_build", "screenshots");
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const classifier = "generated/cnn_digits.CNNDigitClassifier.html";
const pages = {
  landing: "index.html",
  "quick-start": "quick_start.html",
  example: "auto_examples/plot_own_digits.html",
  api: classifier,
};
const screens = { wide: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const themes = ["light", "dark"];

const types = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

// Search fetches its index, which a browser refuses to do from a file.
function serve(folder) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const file = join(folder, normalize(path));
    if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

const problems = [];
const remarks = new Set();

// A page of the browser on which everything that goes wrong is written down.
async function open(browser, screen, theme, where) {
  const context = await browser.newContext({
    viewport: screens[screen],
    colorScheme: theme,
    reducedMotion: "reduce",
  });
  await context.addInitScript((chosen) => {
    localStorage.setItem("mode", chosen);
    localStorage.setItem("theme", chosen);
  }, theme);
  const page = await context.newPage();
  const report = (text) => problems.push(`${where}: ${text}`);
  page.on("pageerror", (error) => report(`error in a script: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") report(`console: ${message.text()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) report(`${response.status()} for ${response.url()}`);
  });
  await page.route("**/*", (route) => {
    const address = new URL(route.request().url());
    if (address.hostname === "127.0.0.1" || address.protocol === "data:") return route.continue();
    report(`asks another site for ${address}`);
    return route.abort();
  });
  return { context, page, report };
}

async function look(browser, base, name, screen, theme) {
  const where = `${name}, ${screen}, ${theme}`;
  const { context, page, report } = await open(browser, screen, theme, where);
  await page.goto(base + pages[name], { waitUntil: "load" });

  const seen = await page.evaluate(() => {
    const root = document.documentElement;
    // The theme lets the article scroll by itself, so that the page never does.
    const article = document.querySelector(".bd-article-container") ?? root;
    const images = [...document.querySelectorAll("img")];
    return {
      theme: root.dataset.theme,
      tooWide: [root, article]
        .filter((element) => element.scrollWidth > element.clientWidth)
        .map((element) => `${element.scrollWidth} > ${element.clientWidth} pixels`),
      wide: [...document.querySelectorAll("article *")]
        .filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1)
        .slice(0, 5)
        .map((element) => `${element.tagName.toLowerCase()}.${element.className}`),
      // A thumbnail inside of a link that has a text is decoration.
      bare: images
        .filter((image) => !image.hasAttribute("alt") || (!image.alt && !image.closest("a, .sphx-glr-thumbcontainer")))
        .map((image) => image.src),
      broken: images.filter((image) => image.complete && !image.naturalWidth).map((image) => image.src),
    };
  });
  if (seen.theme !== theme) report(`the theme is ${seen.theme}`);
  for (const widths of seen.tooWide) {
    report(`scrolls sideways, ${widths}: ${seen.wide.join(", ")}`);
  }
  for (const src of seen.bare) report(`no alternative text: ${src}`);
  for (const src of seen.broken) report(`does not show: ${src}`);

  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() =>
    axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }),
  );
  for (const { id, help, nodes } of violations) {
    for (const node of nodes.slice(0, 5)) {
      const text = `${id}: ${help}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`;
      if (id === "color-contrast" || id === "image-alt") report(text);
      else remarks.add(`${name}, ${screen}: ${text}`);
    }
  }
  await page.screenshot({ path: join(screenshots, `${name}-${screen}-${theme}.png`), fullPage: true });
  await context.close();
}

// From any page: Ctrl+K, a name, Enter.
async function search(browser, base, screen) {
  const { context, page, report } = await open(browser, screen, "light", `search, ${screen}`);
  await page.goto(base + pages.landing, { waitUntil: "load" });
  await page.keyboard.press("Control+k");
  await page.keyboard.type("CNNDigitClassifier");
  await page.keyboard.press("Enter");
  try {
    await page.waitForURL(/search\.html\?q=CNNDigitClassifier/, { timeout: 10_000 });
    await page.waitForSelector(`#search-results a[href*="${classifier}"]`, { timeout: 20_000 });
  } catch (error) {
    report(`does not find CNNDigitClassifier: ${error.message.split("\n")[0]}`);
  }
  await page.screenshot({ path: join(screenshots, `search-${screen}-light.png`) });
  await context.close();
}

mkdirSync(screenshots, { recursive: true });
const server = await serve(site);
const base = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
});
let looks = 0;
try {
  for (const name of Object.keys(pages)) {
    for (const screen of Object.keys(screens)) {
      for (const theme of themes) {
        await look(browser, base, name, screen, theme);
        looks += 1;
      }
    }
  }
  for (const screen of Object.keys(screens)) await search(browser, base, screen);
} finally {
  await browser.close();
  server.close();
}

for (const remark of remarks) console.log(`remark: ${remark}`);
for (const problem of problems) console.log(`PROBLEM: ${problem}`);
console.log(`${looks} looks at ${Object.keys(pages).length} pages and a search: ${problems.length} problems`);
console.log(`Screenshots are in ${screenshots}`);
process.exitCode = problems.length ? 1 : 0;
