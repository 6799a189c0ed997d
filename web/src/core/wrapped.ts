// The document inside W, the wrapped consent key (FORMATS.md section 2). Text only; sealing is in age.ts.
import { Malformed, utf8 } from "./bytes.ts";
import { AGE_IDENTITY } from "./identity.ts";
import { plainLine } from "./plain_text.ts";

export interface WrappedKey { identity: string; name: string; request: string; participant: string }

const MAX_BYTES = 4096;
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f]/;

/** A display name as it may be written: one line, at most 60 characters. */
export const cleanName = (name: string): string => plainLine(name, 60);

export function writeWrapped({ identity, name, request, participant }: WrappedKey): string {
  return `${identity}\n# name: ${cleanName(name)}\n# request: ${request}\n# participant: ${participant}\n`;
}

/** Reads the plaintext of a W; anything but one native identity and comment lines is refused (a plugin line would run a program). */
export function parseWrapped(plain: string): WrappedKey {
  if (utf8(plain).length > MAX_BYTES) throw new Malformed("the wrapped key is larger than 4 KiB");
  if (CONTROL.test(plain)) throw new Malformed("the wrapped key contains control characters");
  const [identity, ...rest] = plain.replace(/\n$/, "").split("\n");
  if (!AGE_IDENTITY.test(identity!)) throw new Malformed("the wrapped key does not begin with an age identity");
  const found: Record<string, string> = {};
  for (const line of rest) {
    const pair = /^# ([a-z-]+): (.*)$/.exec(line);
    if (!pair) throw new Malformed("a line of the wrapped key is not a comment");
    if (pair[1]! in found) throw new Malformed(`the wrapped key says "${pair[1]!}" twice`);
    found[pair[1]!] = pair[2]!;
  }
  return { identity: identity!, name: found["name"] ?? "", request: found["request"] ?? "", participant: found["participant"] ?? "" };
}
