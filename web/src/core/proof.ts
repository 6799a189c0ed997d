// What the ledger shows us: C2SP signed notes, tlog-checkpoint, tlog-proof, the inclusion of our entry (FORMATS.md section 4), and that a
// ledger begins with what somebody had seen of it (section 6).
import { concat, equalBytes, fromBase64, fromHex, fromUtf8, hmacSha256, Malformed, sha256, toBase64, toBase64url, toHex, utf8, type Bytes } from "./bytes.ts";
import { BadSignature, verifySignature } from "./dsse.ts";
import { parseStrictJson } from "./json.ts";
import { rootOfInclusion, rootsOfConsistency, leafHash } from "./merkle.ts";
import { count, digest, id, nullable, record, text } from "./shape.ts";
import type { LedgerName, TreeHead } from "./statements.ts";

export interface Entry { recording: string; sequence: number; previous: string | null; received_ms: number; kind: string; envelope_sha256: string }
const entryShape = record<Entry>({ recording: id, sequence: count, previous: nullable(digest), received_ms: count, kind: text, envelope_sha256: digest });

/** When the service took a statement in, by its own clock; as far as its entry says, which is to be checked apart. */
export const receivedMs = (entry: string): number => entryShape(parseStrictJson(fromUtf8(fromBase64(entry))), "entry").received_ms;

/** Entry, opening and proof as the service acknowledges a statement. */
export interface Acknowledgement { entry: string; r: string; proof: string }
export interface Checked { entry: Entry; index: number; head: TreeHead; checkpoint: string }

const MAX_PROOF_HASHES = 63; // a tree of 2^63 leaves

const decimal = (line: string | undefined, what: string): number => {
  if (line === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(line)) throw new Malformed(`${what} is not a number`);
  const value = Number(line);
  if (!Number.isSafeInteger(value)) throw new Malformed(`${what} is too large`);
  return value;
};

/** The key of a C2SP verifier key `name+hash+base64(0x01 ‖ key)`, base64url. */
export async function keyOfVkey(vkey: string): Promise<{ name: string; hash: Bytes; key: string }> {
  const parts = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);
  if (!parts) throw new Malformed("the ledger's verifier key is malformed");
  const [, name, hex, encoded] = parts as unknown as [string, string, string, string];
  const typed = fromBase64(encoded);
  if (typed.length !== 33 || typed[0] !== 1) throw new Malformed("the ledger's verifier key is not Ed25519");
  const hash = (await sha256(concat(utf8(name), utf8("\n"), typed))).slice(0, 4);
  if (toHex(hash) !== hex) throw new Malformed("the ledger's verifier key has a wrong key hash");
  return { name, hash, key: toBase64url(typed.subarray(1)) };
}

/** Opens a signed checkpoint with the ledger's key; other signatures on it are ignored, as signed-note wants. */
export async function openCheckpoint(note: string, ledger: LedgerName): Promise<TreeHead> {
  const cut = note.lastIndexOf("\n\n");
  if (cut < 0 || !note.endsWith("\n")) throw new Malformed("the checkpoint is not a signed note");
  const body = note.slice(0, cut + 1);
  const { name, hash, key } = await keyOfVkey(ledger.vkey);
  for (const line of note.slice(cut + 2, -1).split("\n")) {
    const found = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/.exec(line);
    if (!found) throw new Malformed("a signature line of the checkpoint is malformed");
    const signature = fromBase64(found[2]!);
    if (found[1] !== name || !equalBytes(signature.subarray(0, 4), hash)) continue;
    if (!(await verifySignature(key, utf8(body), signature.slice(4)))) throw new BadSignature("the ledger's signature on its checkpoint does not hold");
    return parseCheckpoint(body, ledger.origin);
  }
  throw new BadSignature("the checkpoint is not signed by the ledger's key");
}

function parseCheckpoint(body: string, origin: string): TreeHead {
  const [first, size, root] = body.split("\n");
  if (first !== origin) throw new Malformed(`the checkpoint is of ${first ?? "nothing"}, not of ${origin}`);
  const bytes = fromBase64(root ?? "");
  if (bytes.length !== 32) throw new Malformed("the checkpoint's root is not 32 bytes");
  return { size: decimal(size, "the tree size"), root: toHex(bytes) };
}

export interface ParsedProof { index: number; hashes: Bytes[]; checkpoint: string }

export function parseProof(proof: string): ParsedProof {
  const cut = proof.indexOf("\n\n");
  if (cut < 0) throw new Malformed("the proof has no checkpoint");
  const lines = proof.slice(0, cut).split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Malformed("not a tlog-proof");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = decimal(/^index (.*)$/.exec(lines.shift() ?? "")?.[1], "the index of the proof");
  return { index, hashes: hashesOf(lines), checkpoint: proof.slice(cut + 2) };
}

function hashesOf(lines: string[]): Bytes[] {
  if (lines.length > MAX_PROOF_HASHES) throw new Malformed("the proof is too long");
  const hashes = lines.map(fromBase64);
  if (hashes.some((hash) => hash.length !== 32)) throw new Malformed("a hash of the proof is not 32 bytes");
  return hashes;
}

/**
 * Whether the tree of `seen` is the beginning of the one of `now`, which must have been opened with the ledger's key. `proof` is the text of
 * a consistency proof between the two: hash lines, 1 to 63 of them. None is looked at where none is needed.
 */
export async function isBeginning(seen: TreeHead, now: TreeHead, proof: string): Promise<boolean> {
  if (seen.size >= now.size) return seen.size === now.size && seen.root === now.root;
  if (seen.size === 0) return seen.root === toHex(await sha256(new Uint8Array()));
  if (!proof.endsWith("\n")) throw new Malformed("a consistency proof is missing, or does not end in a line feed");
  const roots = await rootsOfConsistency(seen.size, now.size, hashesOf(proof.slice(0, -1).split("\n")), fromHex(seen.root));
  return toHex(roots.seen) === seen.root && toHex(roots.now) === now.root;
}

export async function commitment(r: Uint8Array, entry: Uint8Array): Promise<Bytes> {
  return hmacSha256(r, concat(utf8("unavoce/leaf/v1"), new Uint8Array([0]), await sha256(entry)));
}

/** Checks that the ledger holds exactly this envelope: entry → commitment → leaf → root of a checkpoint the ledger signed. */
export async function checkAcknowledgement(ack: Acknowledgement, envelope: string, ledger: LedgerName): Promise<Checked> {
  const stored = fromBase64(ack.entry);
  const entry = entryShape(parseStrictJson(fromUtf8(stored)), "entry");
  if (entry.envelope_sha256 !== toHex(await sha256(utf8(envelope)))) throw new Malformed("the ledger's entry is about another statement");
  const { index, hashes, checkpoint } = parseProof(ack.proof);
  const head = await openCheckpoint(checkpoint, ledger);
  const root = await rootOfInclusion(await leafHash(await commitment(fromBase64(ack.r), stored)), index, head.size, hashes);
  if (toHex(root) !== head.root) throw new Malformed("the proof does not lead to the root of the checkpoint");
  return { entry, index, head, checkpoint };
}

/** A root as base64 (as checkpoints spell it). */
export const rootAsBase64 = (head: TreeHead): string => toBase64(Uint8Array.from(head.root.match(/../g) ?? [], (x) => parseInt(x, 16)));
