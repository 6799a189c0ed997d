// The short code: eight digits that every page shows for a take, to be compared by voice. Same approvals, same code.
import { sha256, utf8 } from "./bytes.ts";

/** First 8 bytes (big endian) of SHA-256 over the ids in ascending order, joined by LF, modulo 10^8. */
export async function shortCode(approvals: readonly string[]): Promise<string> {
  const hash = await sha256(utf8([...approvals].sort().join("\n")));
  const digits = (new DataView(hash.buffer).getBigUint64(0) % 100_000_000n).toString().padStart(8, "0");
  return `${digits.slice(0, 4)} ${digits.slice(4)}`;
}
