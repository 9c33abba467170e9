// Bundles the page into build/: hashed files under mobile/assets/, the page that names them, and a service worker that
// knows them all. scripts/build-dashboard calls this.

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const OUT = path.join(HERE, "build");
const MAIN = "src/main.tsx";

// Never empty for longer than it must be: a running `wrangler dev` watches this folder.
await rm(path.join(OUT, "mobile"), { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
await cp(path.join(HERE, "static", "mobile"), path.join(OUT, "mobile"), { recursive: true });

const common = {
  absWorkingDir: HERE,
  bundle: true,
  minify: true,
  // What docs/page.md promises; static/mobile/boot.js tells older ones.
  target: ["chrome98", "firefox98", "safari15.4"],
  legalComments: "none",
  logLevel: "warning",
};
const { metafile } = await esbuild.build({
  ...common,
  entryPoints: [MAIN],
  outdir: path.join(OUT, "mobile", "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  format: "esm",
  splitting: true,
  metafile: true,
  jsx: "automatic",
  jsxImportSource: "preact",
});

const address = (file) => `/${path.relative(OUT, path.resolve(HERE, file))}`;
const [mainFile, main] = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === MAIN);
const needed = main.imports.filter(({ kind }) => kind === "import-statement").map(({ path: file }) => address(file));
const links = [
  `<link rel="stylesheet" href="${address(main.cssBundle)}" />`,
  ...needed.map((file) => `<link rel="modulepreload" href="${file}" />`),
  `<script type="module" src="${address(mainFile)}"></script>`,
];
const template = await readFile(path.join(HERE, "static", "mobile.html"), "utf8");
const page = template.replace("<!-- build -->", links.join("\n    "));
await writeFile(path.join(OUT, "mobile.html"), page);

// Named one by one: a lifetime by folder would be that of a file that is missing, too.
const kept = Object.keys(metafile.outputs).map((file) => keptForEver(address(file)));
const headers = await readFile(path.join(HERE, "static", "_headers"), "utf8");
await writeFile(path.join(OUT, "_headers"), headers + kept.join(""));

function keptForEver(file) {
  return `${file}\n  ! Cache-Control\n  Cache-Control: public, max-age=31536000, immutable\n`;
}

// Their licences ask that they come along.
const bundled = Object.keys(metafile.inputs).map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
const packages = [...new Set(bundled.filter((folder) => folder !== undefined))].toSorted();
const licenses = await Promise.all(packages.map((folder) => licenseOf(path.resolve(HERE, folder))));
await writeFile(path.join(OUT, "mobile", "licenses.txt"), licenses.join("\n"));

async function licenseOf(folder) {
  const { name, version } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence to come along`);
  return `${name} ${version}\n\n${await readFile(path.join(folder, file), "utf8")}`;
}

const others = ["/mobile/boot.js", "/mobile/manifest.webmanifest", "/mobile/icon.svg", "/mobile/icon-180.png", "/mobile/icon-192.png"];
const files = ["/mobile", ...Object.keys(metafile.outputs).map(address), ...others].toSorted();
await esbuild.build({
  ...common,
  entryPoints: ["src/sw.ts"],
  outfile: path.join(OUT, "mobile", "sw.js"),
  format: "iife",
  define: {
    FILES: JSON.stringify(files),
    BUILD: JSON.stringify(createHash("sha256").update(page).digest("hex").slice(0, 12)),
  },
});
