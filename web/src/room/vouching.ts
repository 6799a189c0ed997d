// What a host's page must have seen itself before it vouches for a take with its signature: for everyone on its roster the approval that
// the take names, signed by that person, for this request, in the ledger, and not taken back. Throws Malformed, BadSignature or Overtaken.
import { fromBase64, fromUtf8, Malformed } from "../core/bytes.ts";
import { openStatement, type Signed } from "../core/dsse.ts";
import { checkAcknowledgement } from "../core/proof.ts";
import type { Approval, Request, Room, Take, Withdrawal } from "../core/statements.ts";
import { isTooLittle, stillGranted, whollyWithdrawn, type Placed } from "../core/withdrawals.ts";
import type { EntryFile } from "../net/api.ts";
import type { RosterEntry } from "../net/messages.ts";

/** Whoever sits at this page: an approval in their name by another key was not made here, nor one that they did not give for what is asked. */
export interface Self { participant: string; key: string; gave(approval: string): boolean }
export interface Asked { room: Signed<Room>; request: Signed<Request>; self: Self }
/** The proposal was right when it was made: somebody answered anew or withdrew meanwhile. No reason to sign, none for an alarm. */
export class Overtaken extends Error {
  override name = "Overtaken";
}
type Answer = { key: string; index: number };

/** The approvals of everyone on the roster, all of them checked. `entries` are those of the recording. */
export async function approvalsOfRoster(roster: RosterEntry[], entries: EntryFile[], asked: Asked): Promise<Placed<Approval>[]> {
  const approvals = await Promise.all(roster.map((person) => approvalOf(person, entries, asked)));
  distinct(approvals.map(({ body }) => body.key), "two people approved with one key");
  distinct(approvals.flatMap(({ body }) => body.consent_recipient ?? []), "two approvals name one consent key");
  return approvals;
}

/** Additionally: each stands at the instant of this take, and nothing by the same person came after it. */
export async function vouchFor(take: Take, roster: RosterEntry[], entries: EntryFile[], asked: Asked): Promise<void> {
  const approvals = await approvalsOfRoster(roster, entries, asked);
  const answers = await answersIn(entries);
  const withdrawals = await withdrawalsIn(entries);
  const { minimum_scope, expires_ms } = asked.request.body;
  if (take.start_ms > expires_ms) throw new Malformed("the take begins after the request expired");
  for (const approval of approvals) {
    const { body, index } = approval;
    if (index >= take.checkpoint.size) throw new Malformed("the checkpoint of the take does not cover an approval");
    if (take.start_ms > body.expires_ms) throw new Malformed("the take begins after an approval expired");
    if (answers.some((later) => later.key === body.key && later.index > index)) throw new Overtaken("somebody answered anew after the approval that the take names");
    const left = stillGranted(approval, withdrawals);
    if (whollyWithdrawn(approval, withdrawals) || isTooLittle(minimum_scope, left)) throw new Overtaken("an approval was withdrawn");
  }
}

/** Whether a withdrawal that is in the ledger took back all that the approval grants. */
export async function isTakenBack(approval: Placed<Approval>, entries: EntryFile[], room: Signed<Room>): Promise<boolean> {
  const files = entries.filter(({ kind }) => kind === "withdrawal");
  const proven = await Promise.all(files.map((file) => checkAcknowledgement(file, textOf(file), room.body.ledger)));
  if (proven.some(({ entry, index }, i) => entry.recording !== approval.body.recording || entry.kind !== "withdrawal" || index !== files[i]!.index)) throw new Malformed("the ledger's entry is about another statement");
  return whollyWithdrawn(approval, await withdrawalsIn(files));
}

async function approvalOf(person: RosterEntry, entries: EntryFile[], { room, request, self }: Asked): Promise<Placed<Approval>> {
  const { file, statement } = await find(person.approval, entries);
  const { body, envelope } = statement;
  if (body.request !== request.id || body.recording !== request.body.recording) throw new Malformed("an approval answers another request");
  if (body.participant !== person.participant || body.role !== person.role) throw new Malformed("an approval belongs to somebody else");
  if (body.scope.some((kind) => !request.body.scope.includes(kind))) throw new Malformed("an approval grants more than was asked for");
  if (body.attested_by !== null && !room.body.gateway_keys.includes(body.attested_by)) throw new Malformed("an approval is attested by somebody the room does not name");
  if (person.participant === self.participant && (body.key !== self.key || !self.gave(statement.id))) throw new Malformed("the approval shown as mine was not made by this page");
  const { entry, index } = await checkAcknowledgement(file, envelope, room.body.ledger);
  if (entry.recording !== body.recording || entry.kind !== "approval" || index !== file.index) throw new Malformed("the ledger's entry is about another statement");
  return { body, index };
}

async function find(id: string | null, entries: EntryFile[]): Promise<{ file: EntryFile; statement: Signed<Approval> }> {
  for (const file of entries) {
    if (id === null || file.kind !== "approval") continue;
    const statement = await openStatement("approval", textOf(file)).catch(() => null); // one that is broken is nobody's
    if (statement?.id === id) return { file, statement };
  }
  throw new Malformed("the service does not show the approval of somebody on the roster");
}

async function answersIn(entries: EntryFile[]): Promise<Answer[]> {
  const answers = entries.filter(({ kind }) => kind === "approval" || kind === "refusal");
  return Promise.all(answers.map(async (file) => {
    const { body } = await openStatement(file.kind as "approval" | "refusal", textOf(file));
    return { key: body.key, index: file.index };
  }));
}

async function withdrawalsIn(entries: EntryFile[]): Promise<Placed<Withdrawal>[]> {
  const files = entries.filter(({ kind }) => kind === "withdrawal");
  return Promise.all(files.map(async (file) => ({ body: (await openStatement("withdrawal", textOf(file))).body, index: file.index })));
}

function distinct(values: string[], otherwise: string): void {
  if (new Set(values).size !== values.length) throw new Malformed(otherwise);
}

const textOf = ({ envelope }: EntryFile): string => fromUtf8(fromBase64(envelope));
