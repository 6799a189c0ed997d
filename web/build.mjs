// Builds the pages into a folder: node build.mjs --out DIR (default ../build/web). Same input, same bytes.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const PAGES = ["index", "host", "room", "withdraw", "privacy"];

function target(args) {
  const flag = args.indexOf("--out");
  const given = flag >= 0 ? args[flag + 1] : args[0];
  return resolve(given ?? join(here, "../build/web"));
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]));
}

const out = target(process.argv.slice(2));
mkdirSync(out, { recursive: true });
rmSync(join(out, "assets"), { recursive: true, force: true });
await build({
  absWorkingDir: here,
  entryPoints: [...PAGES.map((page) => ({ in: `src/${page}/main.ts`, out: page })), { in: "style/main.css", out: "style" }],
  bundle: true, minify: true, format: "esm", target: ["chrome120", "firefox128", "safari17"],
  splitting: true, chunkNames: "part-[hash]", outdir: join(out, "assets"), legalComments: "linked", charset: "utf8", logLevel: "warning",
});
for (const page of PAGES) cpSync(join(here, `pages/${page}.html`), join(out, `${page}.html`));
cpSync(join(here, "pages/icon.svg"), join(out, "assets/icon.svg"));

const lines = files(out)
  .map((file) => relative(out, file)).filter((name) => name !== "manifest-sha256.txt").sort()
  .map((name) => `${createHash("sha256").update(readFileSync(join(out, name))).digest("hex")}  ${name}\n`);
writeFileSync(join(out, "manifest-sha256.txt"), lines.join(""));
