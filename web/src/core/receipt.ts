// The participant's receipt (FORMATS.md section 3): what can be shown to anybody to prove an approval.
import { toBase64, utf8 } from "./bytes.ts";
import type { Acknowledgement } from "./proof.ts";

export interface ReceiptParts { room: string; request: string; approval: string; acknowledgement: Acknowledgement }

export function writeReceipt({ room, request, approval, acknowledgement: { entry, r, proof } }: ReceiptParts): string {
  const envelope = (text: string): string => toBase64(utf8(text));
  return JSON.stringify({
    type: "unavoce-receipt/v1", room: envelope(room), request: envelope(request), approval: envelope(approval), entry, r, proof,
  }, null, 1) + "\n";
}
