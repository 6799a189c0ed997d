// What whoever took an approval back is told and keeps: the withdrawal's proof, what the service signed to have erased, and both as the
// file that `unavoce withdraw` writes, byte for byte (FORMATS.md section 3). Everything is checked before it is shown or written.
import { fromBase64, fromUtf8, Malformed, toBase64, utf8 } from "./bytes.ts";
import { BadSignature, openStatement } from "./dsse.ts";
import { checkAcknowledgement, type Acknowledgement, type Checked } from "./proof.ts";
import type { Erased, LedgerName } from "./statements.ts";

/** The keys that a service's word is checked with. */
export interface ServiceKeys { ledger: LedgerName; serviceKey: string }
/** A statement with the ledger's side of it, as the service hands it out; the envelope in base64. */
export interface ProvenStatement extends Acknowledgement { envelope: string }
/** `erased`: of a withdrawal only (docs/API.md). */
export interface WithdrawalAnswer extends Acknowledgement { erased: ProvenStatement[] | null }

/** An `erased` statement whose signature and proof hold. */
export interface Erasure extends Checked { body: Erased }
export interface ConfirmedWithdrawal extends Checked { erasures: Erasure[]; file: string }

async function checkEntry(proven: Acknowledgement, envelope: string, kind: string, recording: string, ledger: LedgerName): Promise<Checked> {
  const checked = await checkAcknowledgement(proven, envelope, ledger);
  if (checked.entry.kind !== kind || checked.entry.recording !== recording) throw new Malformed("the ledger's entry is another one's");
  return checked;
}

/** Checks what the service says to have erased of a recording: its own signature, about this recording, in its ledger. */
export async function openErasure(proven: ProvenStatement, recording: string, { ledger, serviceKey }: ServiceKeys): Promise<Erasure> {
  const { body, envelope } = await openStatement("erased", fromUtf8(fromBase64(proven.envelope)));
  if (body.key !== serviceKey) throw new BadSignature("what was erased is not signed by the service");
  if (body.recording !== recording) throw new Malformed("what was erased is of another recording");
  return { body, ...(await checkEntry(proven, envelope, "erased", recording, ledger)) };
}

/** Checks that the ledger holds this withdrawal, whoever sent it: the one signature that counts is that of the key it names. */
export async function checkWithdrawal(proven: Acknowledgement, envelope: string, ledger: LedgerName): Promise<Checked> {
  const { recording } = (await openStatement("withdrawal", envelope)).body;
  return checkEntry(proven, envelope, "withdrawal", recording, ledger);
}

/** Checks the service's answer to a withdrawal and makes the file to keep. */
export async function confirmWithdrawal(answer: WithdrawalAnswer, envelope: string, keys: ServiceKeys): Promise<ConfirmedWithdrawal> {
  const { recording } = (await openStatement("withdrawal", envelope)).body;
  const checked = await checkWithdrawal(answer, envelope, keys.ledger);
  const erasures: Erasure[] = [];
  for (const proven of answer.erased ?? []) erasures.push(await openErasure(proven, recording, keys));
  return { ...checked, erasures, file: writeConfirmation(answer, envelope, keys.ledger.vkey) };
}

function writeConfirmation({ entry, r, proof, erased }: WithdrawalAnswer, withdrawal: string, ledger_vkey: string): string {
  return JSON.stringify({
    type: "unavoce-confirmation/v1", withdrawal: toBase64(utf8(withdrawal)), entry, r, proof, ledger_vkey,
    erased: (erased ?? []).map((one) => ({ envelope: one.envelope, entry: one.entry, r: one.r, proof: one.proof })),
  }) + "\n";
}

/** How much was erased, and when the last of it. `others`: what the same statements name beside that of `approvals`. */
export interface ErasedCount { own: number; others: ErasedBeside[]; keys: number; at_ms: number }
/** Of another approval of the same recording, named by the first digits of its id, as its files are. */
export interface ErasedBeside { approval: string; files: number; key: boolean }

const TRACK_FILE = /^t[0-9]{3,}-([0-9a-f]{16})-f[0-9]{3,}\.(webm|mkv)\.age$/; // tails belong to their files

export function countErased(confirmed: ConfirmedWithdrawal[], approvals: string[]): ErasedCount {
  const erasures = confirmed.flatMap((one) => one.erasures);
  const names = new Set(erasures.flatMap(({ body }) => body.what));
  const short = new Set(approvals.map((id) => id.slice(0, 16)));
  const files = [...names].flatMap((name) => TRACK_FILE.exec(name)?.[1] ?? []);
  const own = files.filter((approval) => short.has(approval)).length;
  const keys = approvals.filter((id) => names.has(`wrapped:${id}`)).length;
  const others = [...new Set(files)].filter((approval) => !short.has(approval)).sort().map((approval) => ({
    approval, files: files.filter((one) => one === approval).length, key: [...names].some((name) => name.startsWith(`wrapped:${approval}`)),
  }));
  return { own, others, keys, at_ms: Math.max(0, ...erasures.map(({ entry }) => entry.received_ms)) };
}
