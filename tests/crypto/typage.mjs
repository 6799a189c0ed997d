// age as typage (npm age-encryption) does it, for the tests of interoperability:
//   node typage.mjs seal RECIPIENT… < plain > sealed       node typage.mjs open IDENTITY < sealed > plain
//   node typage.mjs seal-passphrase TEXT < … > …           node typage.mjs open-passphrase TEXT < … > …
import { readFileSync, writeSync } from "node:fs";
import { webcrypto } from "node:crypto";

// Node 18 has WebCrypto, but not as a global; typage looks for it when it is loaded.
globalThis.crypto ??= webcrypto;
const { Decrypter, Encrypter } = await import("age-encryption");

const [verb, ...args] = process.argv.slice(2);
const input = new Uint8Array(readFileSync(0));
const sealing = new Encrypter();
const opening = new Decrypter();
if (verb === "seal") args.forEach((recipient) => sealing.addRecipient(recipient));
if (verb === "seal-passphrase") {
  sealing.setPassphrase(args[0]);
  sealing.setScryptWorkFactor(12); // the real 18 takes ten seconds in JavaScript
}
if (verb === "open") opening.addIdentity(args[0]);
if (verb === "open-passphrase") opening.addPassphrase(args[0]);

const output = verb.startsWith("seal") ? await sealing.encrypt(input) : await opening.decrypt(input);
for (let at = 0; at < output.length; ) at += writeSync(1, output, at);
