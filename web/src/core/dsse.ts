// DSSE v1 envelopes (secure-systems-lab/dsse): signed over PAE, id = SHA-256(PAE), bodies kept verbatim.
// Order of checks as FORMATS.md section 2 says: size, signature over the stored bytes, then the strict body.
import { concat, fromBase64, fromBase64url, fromUtf8, Malformed, sha256, toBase64, toHex, utf8, type Bytes } from "./bytes.ts";
import { parseStrictJson } from "./json.ts";
import { list, record, text } from "./shape.ts";
import { namedKey, SHAPES, type Approval, type Bodies, type Kind } from "./statements.ts";

const MAX_ENVELOPE_BYTES = 64 * 1024;

/** A signature that does not belong to the bytes and key it is shown with. */
export class BadSignature extends Error {
  override name = "BadSignature";
}

export interface Signer {
  /** base64url, 43 characters */
  readonly publicKey: string;
  sign(message: Bytes): Promise<Bytes>;
}

export interface EnvelopeSignature { keyid: string; sig: string }
export interface Envelope { payloadType: string; payload: Bytes; signatures: EnvelopeSignature[] }

/** A statement whose signatures hold: by the key the body names, then (a take) by whoever countersigned. */
export interface Signed<T> { body: T; id: string; envelope: string; signers: string[] }

const envelopeShape = record<{ payloadType: string; payload: string; signatures: EnvelopeSignature[] }>({
  payloadType: text, payload: text, signatures: list(record<EnvelopeSignature>({ keyid: text, sig: text })),
});

export const payloadType = (kind: string): string => `application/vnd.unavoce.${kind}.v1+json`;

export function pae(type: string, body: Bytes): Bytes {
  return concat(utf8(`DSSEv1 ${utf8(type).length} ${type} ${body.length} `), body);
}

export async function statementId(type: string, body: Bytes): Promise<string> {
  return toHex(await sha256(pae(type, body)));
}

export function parseEnvelope(envelope: string): Envelope {
  if (utf8(envelope).length > MAX_ENVELOPE_BYTES) throw new Malformed("the envelope is larger than 64 KiB");
  const { payloadType, payload, signatures } = envelopeShape(parseStrictJson(envelope), "envelope");
  return { payloadType, payload: fromBase64(payload), signatures };
}

export async function verifySignature(publicKey: string, message: Bytes, signature: Bytes): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", fromBase64url(publicKey), "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, message);
}

/** Checks signatures and shape of a statement of the kind expected; throws BadSignature or Malformed. */
export async function openStatement<K extends Kind>(kind: K, envelope: string): Promise<Signed<Bodies[K]>> {
  const { payloadType: type, payload, signatures } = parseEnvelope(envelope);
  if (type !== payloadType(kind)) throw new Malformed(`a ${kind} statement is expected, this is ${type}`);
  const most = kind === "take" || kind === "approval" ? 2 : 1;
  if (signatures.length < 1 || signatures.length > most) throw new Malformed(`a ${kind} has at most ${most} signatures, this has ${signatures.length}`);
  const message = pae(type, payload);
  for (const { keyid, sig } of signatures) {
    if (!(await verifySignature(keyid, message, fromBase64(sig)))) throw new BadSignature(`the signature of ${keyid} on the ${kind} does not hold`);
  }
  const body = SHAPES[kind](parseStrictJson(fromUtf8(payload)), kind);
  if (signatures[0]!.keyid !== namedKey(kind, body)) throw new BadSignature(`the ${kind} is not signed by the key it names`);
  if (kind === "approval") checkAttestation((body as Approval).attested_by, signatures);
  return { body, id: toHex(await sha256(message)), envelope, signers: signatures.map(({ keyid }) => keyid) };
}

/** An approval has a second signature exactly if it names who attested it, and it is theirs. */
function checkAttestation(attestedBy: string | null, signatures: EnvelopeSignature[]): void {
  const second = signatures[1]?.keyid ?? null;
  if (second !== attestedBy) throw new BadSignature("the approval is not attested by the key it names");
}

export async function signStatement<K extends Kind>(kind: K, body: Bodies[K], signer: Signer): Promise<Signed<Bodies[K]>> {
  const checked = SHAPES[kind](parseStrictJson(JSON.stringify(body)), kind);
  if (namedKey(kind, checked) !== signer.publicKey) throw new Error(`the ${kind} names another key than the one that signs`);
  const type = payloadType(kind);
  const payload = utf8(JSON.stringify(body));
  const message = pae(type, payload);
  const sig = toBase64(await signer.sign(message));
  const envelope = JSON.stringify({ payloadType: type, payload: toBase64(payload), signatures: [{ keyid: signer.publicKey, sig }] });
  return { body: checked, id: toHex(await sha256(message)), envelope, signers: [signer.publicKey] };
}

/** The signature a host's page adds to a take that the service has signed. */
export async function countersignature(envelope: string, signer: Signer): Promise<EnvelopeSignature> {
  const { payloadType: type, payload } = parseEnvelope(envelope);
  return { keyid: signer.publicKey, sig: toBase64(await signer.sign(pae(type, payload))) };
}
