export const player = {
  key_unlock: ["Unlock", "Entsperren"],
  key_passphrase: ["Passphrase of the room key", "Passphrase des Raumschlüssels"],
  key_passphrase_hint: ["Takes a second or two: guessing is meant to be slow.", "Dauert ein, zwei Sekunden: Raten soll langsam sein."],
  key_passphrase_wrong: ["This passphrase does not open the key.", "Diese Passphrase öffnet den Schlüssel nicht."],
} as const;
