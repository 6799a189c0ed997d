// A ledger for the test double: an RFC 6962 tree in memory, checkpoints and proofs as docs/FORMATS.md section 4 says.
import { concat, randomBytes, sha256, toBase64, toHex, utf8, type Bytes } from "../../../web/src/core/bytes.ts";
import { KeyPairSigner } from "../../../web/src/core/ed25519.ts";
import { fromBase64url } from "../../../web/src/core/bytes.ts";
import { leafHash, nodeHash } from "../../../web/src/core/merkle.ts";
import { commitment } from "../../../web/src/core/proof.ts";

export interface Entry { index: number; entry: string; r: string; kind: string; envelope: string; proof: string; id: string; recording: string }

export class MockLedger {
  readonly entries: Entry[] = [];
  private readonly leaves: Bytes[] = [];
  private readonly last = new Map<string, string>(); // latest commitment, by recording
  private constructor(readonly origin: string, private readonly signer: KeyPairSigner, readonly vkey: string, private readonly keyHash: Bytes) {}

  static async create(origin: string): Promise<MockLedger> {
    const signer = await KeyPairSigner.generate();
    const typed = concat(new Uint8Array([1]), fromBase64url(signer.publicKey));
    const keyHash = (await sha256(concat(utf8(`${origin}\n`), typed))).slice(0, 4);
    return new MockLedger(origin, signer, `${origin}+${toHex(keyHash)}+${toBase64(typed)}`, keyHash);
  }

  async append(recording: string, kind: string, envelope: string, id: string): Promise<Entry> {
    const known = this.entries.find((entry) => entry.id === id);
    if (known) return (await this.proven([known]))[0]!;
    const sequence = this.entries.filter((entry) => entry.recording === recording).length;
    const entry = utf8(JSON.stringify({ recording, sequence, previous: this.last.get(recording) ?? null, received_ms: Date.now(), kind, envelope_sha256: toHex(await sha256(utf8(envelope))) }));
    const r = randomBytes(32);
    const leaf = await commitment(r, entry);
    this.last.set(recording, toHex(leaf));
    const index = this.leaves.push(await leafHash(leaf)) - 1;
    const made: Entry = { index, entry: toBase64(entry), r: toBase64(r), kind, envelope: toBase64(utf8(envelope)), proof: "", id, recording };
    this.entries.push(made);
    made.proof = await this.proof(index);
    return made;
  }

  /** Entries with proofs that lead to the latest checkpoint. */
  async proven(entries: Entry[]): Promise<Entry[]> {
    return Promise.all(entries.map(async (entry) => ({ ...entry, proof: await this.proof(entry.index) })));
  }

  async head(): Promise<{ size: number; root: string }> {
    return { size: this.leaves.length, root: toHex(await root(this.leaves)) };
  }

  get size(): number {
    return this.leaves.length;
  }

  /** The checkpoint of the first `size` leaves. */
  async checkpoint(size = this.leaves.length): Promise<string> {
    const body = `${this.origin}\n${size}\n${toBase64(await root(this.leaves.slice(0, size)))}\n`;
    const signature = concat(this.keyHash, await this.signer.sign(utf8(body)));
    return `${body}\n\u2014 ${this.origin} ${toBase64(signature)}\n`;
  }

  /** A tile of hashes by its address, or null where the tree has none. */
  async tile(path: string): Promise<Bytes | null> {
    return tileOf(this.leaves, path);
  }

  /** The statements of a recording are forgotten, and this one stays in their place; the leaves stay. */
  async eraseRecording(recording: string, envelope: string, id: string): Promise<void> {
    this.entries.splice(0, this.entries.length, ...this.entries.filter((entry) => entry.recording !== recording));
    await this.append(recording, "erased", envelope, id);
  }

  /** The same ledger with another past: leaf `at` and everything after it never were, and `fresh` others are there instead. */
  async rewrite(at: number, fresh: number): Promise<void> {
    this.leaves.splice(at);
    this.entries.splice(at);
    for (let i = 0; i < fresh; i++) this.leaves.push(await leafHash(randomBytes(32)));
  }

  /** That this ledger begins with its first `size` leaves, as the details of a recording have it. */
  async consistency(size: number): Promise<{ size: number; proof: string }> {
    const hashes = await consistency(size, this.leaves);
    return { size, proof: hashes.map((hash) => `${toBase64(hash)}\n`).join("") };
  }

  async proof(index: number): Promise<string> {
    const size = this.leaves.length; // others may be appended meanwhile
    const hashes = await path(index, this.leaves.slice());
    return ["c2sp.org/tlog-proof@v1", `index ${index}`, ...hashes.map(toBase64), "", await this.checkpoint(size)].join("\n");
  }
}

/** As c2sp.org/tlog-tiles has it, from the leaves alone. */
export async function tileOf(leaves: Bytes[], path: string): Promise<Bytes | null> {
  const [, level, groups, partial] = /^(\d+)\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d+))?$/.exec(path) ?? [];
  if (level === undefined) return null;
  const per = 256 ** Number(level);
  const first = Number(groups!.replace(/[x/]/g, "")) * 256;
  const width = Number(partial ?? 256);
  if (Math.floor(leaves.length / per) < first + width) return null;
  return concat(...(await Promise.all(Array.from({ length: width }, (_, i) => root(leaves.slice((first + i) * per, (first + i + 1) * per))))));
}

const split = (n: number): number => 2 ** Math.floor(Math.log2(n - 1));

export async function root(leaves: Bytes[]): Promise<Bytes> {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0]!;
  const k = split(leaves.length);
  return nodeHash(await root(leaves.slice(0, k)), await root(leaves.slice(k)));
}

export async function path(index: number, leaves: Bytes[]): Promise<Bytes[]> {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...(await path(index, leaves.slice(0, k))), await root(leaves.slice(k))]
    : [...(await path(index - k, leaves.slice(k))), await root(leaves.slice(0, k))];
}

/** RFC 6962 section 2.1.2: that the tree of `leaves` begins with the one of the first `old` of them, at least one. */
export async function consistency(old: number, leaves: Bytes[], isWholeOldTree = true): Promise<Bytes[]> {
  if (old === leaves.length) return isWholeOldTree ? [] : [await root(leaves)];
  const k = split(leaves.length);
  return old <= k
    ? [...(await consistency(old, leaves.slice(0, k), isWholeOldTree)), await root(leaves.slice(k))]
    : [...(await consistency(old - k, leaves.slice(k), false)), await root(leaves.slice(0, k))];
}
