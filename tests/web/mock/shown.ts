// What the test double shows to everybody who asks: the pages, what it says of itself, and its public ledger.
import type { ServerResponse } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyPairSigner } from "../../../web/src/core/ed25519.ts";
import type { MockLedger } from "./ledger.ts";
import type { Lies } from "./lies.ts";
import { problem } from "./replies.ts";

export function configOf(ledger: MockLedger, signer: KeyPairSigner): object {
  return {
    registration: "open", service_key: signer.publicKey, ledger: { origin: ledger.origin, vkey: ledger.vkey },
    controllers: [{ name: "Chorverein Musterstadt e. V.", contact: "datenschutz@example.org" }, { name: "Hostwerk GmbH", contact: "privacy@hostwerk.example" }],
    authority: "Landesbeauftragte für den Datenschutz, Musterland", location: "Germany (Nuremberg)", processors: ["Hostwerk GmbH"],
    page_sha256: "0".repeat(64), ice_servers: [], version: "test", max_participants: 6, operator_notices: ["This data volume is not encrypted."],
  };
}

/** As lies have it, or what the ledger holds: without a lie the double publishes at once. */
export async function showLedger(ledger: MockLedger, { unreachable, published }: Lies, path: string, response: ServerResponse): Promise<void> {
  if (unreachable) return problem(response, 503, "unavailable", "not now");
  if (path === "checkpoint") return void response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" }).end(await ledger.checkpoint(published?.()));
  const tile = await ledger.tile(path.replace(/^tile\//, ""));
  if (!tile) return problem(response, 404, "not_found", path);
  response.writeHead(200, { "Content-Type": "application/octet-stream" }).end(tile);
}

/** `pages`: the folder they were built into. */
export function showPage(pages: string, pathname: string, response: ServerResponse): void {
  const name = pathname === "/" ? "index.html" : pathname.startsWith("/r/") ? "room.html" : pathname.startsWith("/assets/") ? pathname.slice(1) : `${pathname.slice(1)}.html`;
  const path = join(pages, name);
  if (!existsSync(path)) return problem(response, 404, "not_found", pathname);
  const type = name.endsWith(".js") ? "text/javascript" : name.endsWith(".css") ? "text/css" : name.endsWith(".svg") ? "image/svg+xml" : "text/html; charset=utf-8";
  response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; connect-src 'self'" });
  response.end(readFileSync(path));
}
