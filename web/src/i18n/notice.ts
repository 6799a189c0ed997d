// The notice that a request points to by version, language and SHA-256 (FORMATS.md section 2). A changed text is a new version:
// what people were told is part of what they signed, so old versions stay here for as long as requests may name them.
import { sha256, toHex, utf8 } from "../core/bytes.ts";
import type { Language } from "./i18n.ts";

export const NOTICE_VERSION = 2;

const NOTICES: Record<number, Record<Language, string>> = {
  1: {
    en: [
      "Recording starts only when everyone in the session has approved, and stops as soon as one approval is missing.",
      "Your part is encrypted in the service's memory before it is stored. Whoever is named as a recipient can open it; the service cannot.",
      "You may take your approval back at any time, without giving reasons: with the button in the meeting, or later with your key file on the withdrawal page. Recording stops at once, and your files and the key that opens them are erased.",
      "Withdrawal cannot reach copies that a recipient has already opened, your voice in somebody else's microphone, or your face or name in somebody else's shared screen.",
      "You can open your own part with your key file, ask the controllers for information, correction or erasure, and complain to the authority named.",
    ].join("\n"),
    de: [
      "Die Aufzeichnung beginnt erst, wenn alle in der Sitzung zugestimmt haben, und hält an, sobald eine Zustimmung fehlt.",
      "Ihr Teil wird im Arbeitsspeicher des Dienstes verschlüsselt, bevor er gespeichert wird. Öffnen können ihn die genannten Empfänger; der Dienst kann es nicht.",
      "Sie können Ihre Zustimmung jederzeit ohne Angabe von Gründen widerrufen: mit dem Knopf im Treffen oder später mit Ihrer Schlüsseldatei auf der Widerrufsseite. Die Aufzeichnung hält sofort an, und Ihre Dateien und der Schlüssel dazu werden gelöscht.",
      "Der Widerruf erreicht nicht: Kopien, die ein Empfänger schon geöffnet hat, Ihre Stimme im Mikrofon anderer, Ihr Gesicht oder Ihren Namen auf dem geteilten Bildschirm anderer.",
      "Ihren eigenen Teil können Sie mit Ihrer Schlüsseldatei öffnen. Auskunft, Berichtigung und Löschung verlangen Sie von den Verantwortlichen, beschweren können Sie sich bei der genannten Behörde.",
    ].join("\n"),
  },
  2: {
    en: [
      "Recording starts only when everyone in the session has approved, and stops as soon as one approval is missing.",
      "Your part is encrypted in the service's memory before it is stored. Whoever is named as a recipient can open it; the service cannot.",
      "You may take your approval back at any time, without giving reasons: with the button in the meeting, or later with your key file on the withdrawal page. Recording stops at once, and your files and the key that opens them are erased.",
      "Withdrawal cannot reach copies that a recipient has opened or downloaded (what was downloaded can still be opened later), your voice in somebody else's microphone, or your face or name in somebody else's shared screen.",
      "You can open your own part with your key file, ask the controllers for information, correction or erasure, and complain to the authority named.",
    ].join("\n"),
    de: [
      "Die Aufzeichnung beginnt erst, wenn alle in der Sitzung zugestimmt haben, und hält an, sobald eine Zustimmung fehlt.",
      "Ihr Teil wird im Arbeitsspeicher des Dienstes verschlüsselt, bevor er gespeichert wird. Öffnen können ihn die genannten Empfänger; der Dienst kann es nicht.",
      "Sie können Ihre Zustimmung jederzeit ohne Angabe von Gründen widerrufen: mit dem Knopf im Treffen oder später mit Ihrer Schlüsseldatei auf der Widerrufsseite. Die Aufzeichnung hält sofort an, und Ihre Dateien und der Schlüssel dazu werden gelöscht.",
      "Der Widerruf erreicht nicht: Kopien, die ein Empfänger geöffnet oder heruntergeladen hat (Heruntergeladenes lässt sich auch später noch öffnen), Ihre Stimme im Mikrofon anderer, Ihr Gesicht oder Ihren Namen auf dem geteilten Bildschirm anderer.",
      "Ihren eigenen Teil können Sie mit Ihrer Schlüsseldatei öffnen. Auskunft, Berichtigung und Löschung verlangen Sie von den Verantwortlichen, beschweren können Sie sich bei der genannten Behörde.",
    ].join("\n"),
  },
};

export const noticeText = (version: number, language: Language): string | null => NOTICES[version]?.[language] ?? null;

export async function noticeFor(language: Language): Promise<{ version: number; language: string; sha256: string }> {
  return { version: NOTICE_VERSION, language, sha256: toHex(await sha256(utf8(NOTICES[NOTICE_VERSION]![language]))) };
}

/** Whether this page knows the notice that a request names, word for word. */
export async function noticeIsOurs(notice: { version: number; language: string; sha256: string }): Promise<boolean> {
  const text = noticeText(notice.version, notice.language as Language);
  return text !== null && toHex(await sha256(utf8(text))) === notice.sha256;
}
