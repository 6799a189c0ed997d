// The public side of the service's ledger (docs/API.md, /ledger). Anybody may read it; nothing about the reader goes along, and nothing
// comes from the browser's cache: old tiles beside a new checkpoint would look like a contradiction.
import type { Bytes } from "../core/bytes.ts";
import { openCheckpoint } from "../core/proof.ts";
import type { LedgerName } from "../core/statements.ts";
import { Problem } from "../net/api.ts";
import type { Shown } from "./memory.ts";

export interface Published { checkpoint(ledger: LedgerName): Promise<Shown>; tile(path: string): Promise<Bytes> }

const PATIENCE_MS = 20_000;

async function get(path: string): Promise<Response> {
  const response = await fetch(`/ledger/${path}`, { credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Problem(response.status, "unexpected", `/ledger/${path}: HTTP ${response.status}`);
  return response;
}

export const published: Published = {
  checkpoint: async (ledger) => {
    const note = await (await get("checkpoint")).text();
    return { ...(await openCheckpoint(note, ledger)), note };
  },
  tile: async (path) => new Uint8Array(await (await get(`tile/${path}`)).arrayBuffer()),
};
