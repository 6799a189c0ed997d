// A participant's signed answers: approval with a fresh consent key and its wrapping W, refusal, withdrawal.
// The consent key exists in this page, in W (sealed to the room's recipients) and in the key file; nowhere else.
import { generateKey, sealTo } from "../core/age.ts";
import { randomBytes, sha256, toBase64, toBase64url, toHex } from "../core/bytes.ts";
import { signStatement, type Signed, type Signer } from "../core/dsse.ts";
import { writeKeyFile } from "../core/identity.ts";
import { inOrder, KINDS, type MediaKind } from "../core/shape.ts";
import type { Approval, Confirmation, Refusal, Request, Role, Room, TreeHead, Withdrawal } from "../core/statements.ts";
import { writeWrapped } from "../core/wrapped.ts";

export interface Asked { room: Signed<Room>; request: Signed<Request>; participant: string; role: Role; name: string; challenge: string; checkpoint: TreeHead | null }
export interface MadeApproval { approval: Signed<Approval>; wrapped: string | null; keyFile: string }

export async function makeApproval(asked: Asked, wished: Iterable<MediaKind>, signer: Signer): Promise<MadeApproval> {
  const { room, request } = asked;
  const scope = inOrder(wished).filter((kind) => request.body.scope.includes(kind));
  const consent = scope.length === 0 ? null : await generateKey();
  const wrapped = consent && await sealTo(
    room.body.recipients.map(({ recipient }) => recipient),
    writeWrapped({ identity: consent.identity, name: asked.name, request: request.id, participant: signer.publicKey }));
  const approval = await signStatement("approval", {
    request: request.id, recording: request.body.recording, participant: asked.participant, role: asked.role, key: signer.publicKey, scope,
    consent_recipient: consent?.recipient ?? null, wrapped_sha256: wrapped ? toHex(await sha256(wrapped)) : null, challenge: asked.challenge,
    nonce: toBase64url(randomBytes(32)), checkpoint: asked.checkpoint, attested_by: null, method: null, issued_ms: Date.now(),
    expires_ms: request.body.expires_ms,
  }, signer);
  const withdrawal = await makeWithdrawal(request.body.recording, signer, "advance");
  const keyFile = writeKeyFile({
    recording: request.body.recording, approval: approval.id, server: location.origin, withdrawal: withdrawal.envelope, identity: consent?.identity ?? null, token: null,
  });
  return { approval, wrapped: wrapped && toBase64(wrapped), keyFile };
}

export function makeRefusal(asked: Asked, signer: Signer): Promise<Signed<Refusal>> {
  return signStatement("refusal", {
    request: asked.request.id, recording: asked.request.body.recording, participant: asked.participant, role: asked.role, key: signer.publicKey,
    challenge: asked.challenge, nonce: toBase64url(randomBytes(32)), issued_ms: Date.now(),
  }, signer);
}

/** Having come back: this approval still holds. Answers the challenge of the new connection. */
export function makeConfirmation(approval: string, asked: Omit<Asked, "checkpoint">, signer: Signer): Promise<Signed<Confirmation>> {
  return signStatement("confirmation", {
    approval, recording: asked.request.body.recording, participant: asked.participant, key: signer.publicKey, challenge: asked.challenge,
    nonce: toBase64url(randomBytes(32)), issued_ms: Date.now(),
  }, signer);
}

/** `advance`: goes into the key file, to be sent from any device later; always of everything. */
export function makeWithdrawal(recording: string, signer: Signer, when: "now" | "advance", kinds: readonly MediaKind[] = KINDS): Promise<Signed<Withdrawal>> {
  return signStatement("withdrawal", { recording, key: signer.publicKey, kinds: inOrder(kinds), advance: when === "advance", issued_ms: Date.now() }, signer);
}
