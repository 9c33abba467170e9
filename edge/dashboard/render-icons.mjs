// Renders the icons that cannot be SVG from static/mobile/icon.svg; run it after changing that file:
//
//   node edge/dashboard/render-icons.mjs

import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "../../tests/dashboard/browser.mjs";

const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), "static", "mobile");
const svg = await readFile(path.join(FOLDER, "icon.svg"), "utf8");
// What a mask may cut away: the corners are filled, and the picture keeps to the middle.
const maskable = svg
  .replace(' rx="112"', "")
  .replace("<g ", '<g transform="translate(256 256) scale(.78) translate(-256 -256)" ');
const filled = svg.replace(' rx="112"', "");

const browser = await launch();
const icons = [
  ["icon-180.png", 180, filled],
  ["icon-192.png", 192, svg],
  ["icon-512.png", 512, svg],
  ["icon-maskable-512.png", 512, maskable],
];
for (const [name, size, picture] of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>*{margin:0}svg{display:block;width:100vw}</style>${picture}`);
  await page.screenshot({ path: path.join(FOLDER, name), omitBackground: true });
}
await browser.close();
