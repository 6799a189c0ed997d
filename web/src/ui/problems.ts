// Errors in words for people: what, why, what to do. Known codes have their own sentence, the rest shows the service's own.
import { BadSignature } from "../core/dsse.ts";
import { Malformed } from "../core/bytes.ts";
import { T, type Message, type TextKey } from "../i18n/i18n.ts";
import { TEXTS } from "../i18n/texts/index.ts";
import { Problem } from "../net/api.ts";

export function inWords(error: unknown): Message {
  if (error instanceof Problem) {
    const key = `problem_${error.code}`;
    return key in TEXTS ? T(key as TextKey, { detail: error.message }) : T("problem_other", { detail: error.message });
  }
  if (error instanceof BadSignature) return T("problem_signature", { detail: error.message });
  if (error instanceof Malformed && `problem_${error.code}` in TEXTS) return T(`problem_${error.code}` as TextKey);
  if (error instanceof Malformed) return T("problem_malformed", { detail: error.message });
  return T("problem_other", { detail: error instanceof Error ? error.message : String(error) });
}
