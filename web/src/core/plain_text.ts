// Texts that people read before they sign (FORMATS.md section 2): nothing in them may hide or reorder anything.
// No C0/C1 controls, no line or paragraph separators, no bidirectional overrides, embeddings or isolates.
const HIDDEN = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069";
const ANY_HIDDEN = new RegExp(`[${HIDDEN}]`, "u");
const HIDDEN_OR_SPACE = new RegExp(`[${HIDDEN}\\s]+`, "gu");

/** Whether a text may stand in a statement; `lines` may contain line feeds. */
export function isPlain(text: string, form: "line" | "lines" = "line"): boolean {
  return !ANY_HIDDEN.test(form === "lines" ? text.replaceAll("\n", "") : text);
}

/** What somebody typed, as one line that may be signed, of at most `most` characters. */
export function plainLine(typed: string, most: number): string {
  return Array.from(typed.replace(HIDDEN_OR_SPACE, " ").trim()).slice(0, most).join("").trim();
}
