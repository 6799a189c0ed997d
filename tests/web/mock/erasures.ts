// What the test double erases, and signs to have erased.
import { fromBase64, fromUtf8 } from "../../../web/src/core/bytes.ts";
import { openStatement, signStatement } from "../../../web/src/core/dsse.ts";
import type { KeyPairSigner } from "../../../web/src/core/ed25519.ts";
import type { Withdrawal } from "../../../web/src/core/statements.ts";
import type { Entry, MockLedger } from "./ledger.ts";
import type { Lies, Proven } from "./lies.ts";

export class Erasures {
  /** by the recording: names of the files of everybody in its takes */
  private readonly trackFiles = new Map<string, string[]>();
  /** by recording and key: what was said to be erased */
  private readonly erased = new Map<string, Entry>();

  constructor(private readonly ledger: MockLedger, private readonly signer: KeyPairSigner, private readonly lies: Lies) {}

  /** These files of people in a take were written. */
  wrote(recording: string, files: string[]): void {
    this.trackFiles.set(recording, [...(this.trackFiles.get(recording) ?? []), ...files]);
  }

  /** What the service says to have erased before it answers; said once, and shown again when the withdrawal is sent again. */
  async erase({ recording, key, kinds }: Withdrawal): Promise<Proven[]> {
    if (kinds.length < 4) return [];
    const place = `${recording} ${key}`;
    const what: string[] = [];
    for (const { envelope, id } of this.ledger.entries.filter((entry) => entry.recording === recording && entry.kind === "approval")) {
      const { body } = await openStatement("approval", fromUtf8(fromBase64(envelope)));
      if (body.key === key && body.scope.length > 0) what.push(`wrapped:${id}`, ...(this.trackFiles.get(recording) ?? []).filter((name) => name.includes(id.slice(0, 16))));
    }
    if (what.length > 0 && !this.erased.has(place)) {
      const signer = this.lies.signsErased ?? this.signer;
      const { envelope, id } = await signStatement("erased", { recording, what, reason: "withdrawal", key: signer.publicKey, issued_ms: Date.now() }, signer);
      this.erased.set(place, await this.ledger.append(recording, "erased", envelope, id));
    }
    const said = (await this.ledger.proven([this.erased.get(place)].filter((entry) => entry !== undefined))).map(bare);
    return this.lies.erased?.(said) ?? said;
  }

  /** The end of a recording's retention, or of its room; or its host erases it. */
  async deleteRecording(recording: string, reason: "retention" | "room_deleted" | "recording_deleted" = "retention"): Promise<void> {
    const signer = this.lies.signsErased ?? this.signer;
    const { envelope, id } = await signStatement("erased", { recording, what: ["recording"], reason, key: signer.publicKey, issued_ms: Date.now() }, signer);
    await this.ledger.eraseRecording(recording, envelope, id);
  }

  /** What a deleted recording leaves. */
  async deletion(recording: string): Promise<Proven | null> {
    const entries = this.ledger.entries.filter((entry) => entry.recording === recording);
    return entries.length === 1 && entries[0]!.kind === "erased" ? bare((await this.ledger.proven(entries))[0]!) : null;
  }
}

const bare = ({ envelope, entry, r, proof }: Entry): Proven => ({ envelope, entry, r, proof });
