// What the test double may be told to say against the truth.
import type { KeyPairSigner } from "../../../web/src/core/ed25519.ts";
import type { Entry } from "./ledger.ts";

export interface Room { room: string; title: string; envelope: string; id: string }
export type Take = { approvals: string[]; recording: string };
/** A statement with its proof, as the service hands it out. */
export type Proven = { envelope: string; entry: string; r: string; proof: string };
export type Listed = { participant: string; name: string; role: string; place: string; answer: string; approval: string | null; media_lost: boolean; lost_kinds: string[] };

/** Joins that are refused: of whom, and with which words, one after the other. */
interface Refusals { name: string; codes: string[] }

/**
 * What to lie about. Every lie is one that the pages must notice. `refusesKey`: with which status; 200 breaks off. `proofFollows`: a withdrawal
 * is in effect, but its row has to wait; what is in memory alone goes with a crash.
 */
export interface Lies { room?: (room: Room) => Room; take?: (take: Take) => Take; proof?: (proof: string) => string; erased?: (erased: Proven[]) => Proven[]; signsErased?: KeyPairSigner; receipt?: (receipt: Omit<Proven, "envelope">) => Omit<Proven, "envelope">; openWithoutTake?: boolean; confirmsNobody?: boolean; losesConfirmations?: number; beforeConfirming?: object; recordings?: unknown[]; detail?: Record<string, unknown>; entries?: (entries: Entry[]) => Entry[]; refusesRecording?: number; refusesKey?: (approval: string) => Promise<number | null> | number | null; roster?: (roster: Listed[]) => Listed[]; hold?: Promise<void>; holdMedia?: Promise<void>; holdWithdrawals?: Promise<void>; refusesWithdrawal?: string; proofFollows?: boolean; holdCounting?: Promise<void>; holdJoins?: Promise<void>; away?: boolean; refuses?: Refusals; unreachable?: boolean; published?: () => number; files?: Map<string, Uint8Array>; refuse?: string; refuseErasing?: string }
