// Writes the public age test vectors (npm cctv-age; its README describes them) as files: node … OUT_FOLDER
// Compressed ones are inflated here, so that the tests need no zlib.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import * as vectors from "cctv-age";

const folder = process.argv[2];
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

for (const [name, bytes] of Object.entries(vectors)) {
  const vector = Buffer.from(bytes);
  const headerEnd = vector.indexOf("\n\n");
  const header = vector.toString("latin1", 0, headerEnd);
  const body = vector.subarray(headerEnd + 2);
  const sealed = /^compressed: zlib$/m.test(header) ? inflateSync(body) : body;
  writeFileSync(join(folder, name), Buffer.concat([Buffer.from(header + "\n\n", "latin1"), sealed]));
}
console.log(`${Object.keys(vectors).length} age vectors in ${folder}`);
