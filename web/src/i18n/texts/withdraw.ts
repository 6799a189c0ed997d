export const withdraw = {
  withdraw_page_title: ["Take an approval back", "Eine Zustimmung widerrufen"],
  withdraw_page_lead: [
    "With the key file you saved in the meeting. No account, no name, no reasons. The service is asked whether the recording is still there; then only the withdrawal inside the file is sent, not your key.",
    "Mit der Schlüsseldatei, die Sie im Treffen gespeichert haben. Ohne Konto, ohne Namen, ohne Begründung. Der Dienst wird gefragt, ob es die Aufzeichnung noch gibt; gesendet wird dann nur der Widerruf aus der Datei, nicht Ihr Schlüssel.",
  ],
  withdraw_file: ["Your key file (….unavoce-key.txt)", "Ihre Schlüsseldatei (….unavoce-key.txt)"],
  withdraw_file_hint: ["Choose it, or drop it here.", "Wählen Sie sie aus, oder ziehen Sie sie hierher."],
  withdraw_lost: [
    "Lost the key file? The browser in which you approved can still take back for as long as it keeps your approval: open the invitation link there. Otherwise only the host can help, by erasing the whole recording; those who run the service cannot tell which part is yours.",
    "Schlüsseldatei verloren? Der Browser, in dem Sie zugestimmt haben, kann noch widerrufen, solange er Ihre Zustimmung aufbewahrt: Öffnen Sie dort den Einladungslink. Sonst kann nur der Gastgeber helfen, indem er die ganze Aufzeichnung löscht; wer den Dienst betreibt, kann nicht erkennen, welcher Teil Ihrer ist.",
  ],
  withdraw_what_title: ["What will happen", "Was geschehen wird"],
  withdraw_what: [
    "Your files of this recording and the key that opens them are erased at the service. If the recording is running, it stops at once.",
    "Ihre Dateien dieser Aufzeichnung und der Schlüssel dazu werden beim Dienst gelöscht. Läuft die Aufzeichnung noch, hält sie sofort an.",
  ],
  withdraw_what_whole_takes: [
    "If the question you approved said so, everything recorded while you were there is erased, too, of everybody.",
    "Stand es so in der Frage, der Sie zugestimmt haben, dann wird auch alles gelöscht, was in Ihrer Anwesenheit aufgezeichnet wurde, von allen.",
  ],
  withdraw_recording: ["Recording", "Aufzeichnung"],
  withdraw_approval: ["Approval", "Zustimmung"],
  withdraw_server: ["Service", "Dienst"],
  withdraw_other_server: [
    "This file is from another service: {server}. Open the withdrawal page there.",
    "Diese Datei ist von einem anderen Dienst: {server}. Öffnen Sie die Widerrufsseite dort.",
  ],
  withdraw_send: ["Take back and erase", "Widerrufen und löschen"],
  withdraw_already: ["{file} is being sent already; its line below says how it goes.", "{file} wird schon gesendet; wie es damit steht, sagt die Zeile dazu weiter unten."],
  withdraw_page_sending: [
    "Sending until the service confirms. Please keep this page open; if it is closed before that, the withdrawal is sent again when you open this page in this browser …",
    "Wird gesendet, bis der Dienst bestätigt. Bitte lassen Sie diese Seite offen; wird sie vorher geschlossen, dann wird der Widerruf noch einmal gesendet, wenn Sie diese Seite in diesem Browser öffnen …",
  ],
  sent_again_sending: [
    "You took an approval back in this browser before, and the service has not confirmed it yet. It is being sent again …",
    "Sie haben in diesem Browser schon einmal eine Zustimmung widerrufen, und der Dienst hat das noch nicht bestätigt. Der Widerruf wird noch einmal gesendet …",
  ],
  sent_again_done: [
    "What you took back here before is confirmed now, on {when}: your approval is taken back.",
    "Was Sie hier schon früher widerrufen haben, ist jetzt bestätigt, am {when}: Ihre Zustimmung ist widerrufen.",
  ],
  sent_again_unproven: [
    "The service says that it took back now what you took back here before. No proof that holds came with it. You can send it again at any time; that does no harm.",
    "Der Dienst sagt, was Sie hier schon früher widerrufen haben, sei jetzt widerrufen. Ein Beweis, der standhält, kam nicht mit. Sie können den Widerruf jederzeit noch einmal senden; das schadet nicht.",
  ],
  sent_again_failed: [
    "The service has not accepted what you took back here before. It stays kept in this browser and is sent again when you open this page the next time. With your key file you can try it on the page “Take an approval back”, too.",
    "Was Sie hier schon früher widerrufen haben, hat der Dienst nicht angenommen. Der Widerruf bleibt in diesem Browser aufbewahrt und wird wieder gesendet, wenn Sie diese Seite das nächste Mal öffnen. Mit Ihrer Schlüsseldatei können Sie es auch auf der Seite „Zustimmung widerrufen“ versuchen.",
  ],
  sent_again_failed_here: [
    "The service has not accepted what you took back here before. It stays kept in this browser and is sent again when you open this page the next time. With your key file you can try it here, too.",
    "Was Sie hier schon früher widerrufen haben, hat der Dienst nicht angenommen. Der Widerruf bleibt in diesem Browser aufbewahrt und wird wieder gesendet, wenn Sie diese Seite das nächste Mal öffnen. Mit Ihrer Schlüsseldatei können Sie es auch hier versuchen.",
  ],
  sent_again_unreachable: [
    "The service could not be reached. What you took back here before was not sent yet; it stays kept in this browser and is tried again in a moment …",
    "Der Dienst war nicht zu erreichen. Was Sie hier schon früher widerrufen haben, ist noch nicht gesendet; der Widerruf bleibt in diesem Browser aufbewahrt und wird gleich noch einmal versucht …",
  ],
  sent_again_drop: ["Do not send any more", "Nicht mehr senden"],
  sent_again_drop_title: ["Send this withdrawal no more?", "Diesen Widerruf nicht mehr senden?"],
  sent_again_drop_what: [
    "Then this browser forgets it. If the service has your approval, it still holds until you take it back another way, such as with your key file. If the service never got your approval, nothing of you is recorded with it, and nothing is lost.",
    "Dann vergisst ihn dieser Browser. Hat der Dienst Ihre Zustimmung, so gilt sie weiter, bis Sie sie auf anderem Weg widerrufen, etwa mit Ihrer Schlüsseldatei. Hat der Dienst Ihre Zustimmung nie bekommen, dann ist mit ihr nichts von Ihnen aufgezeichnet, und es geht nichts verloren.",
  ],
  sent_again_dropped: ["This withdrawal is not sent any more.", "Dieser Widerruf wird nicht mehr gesendet."],
  withdraw_page_done: ["Confirmed on {when}: your approval is taken back.", "Bestätigt am {when}: Ihre Zustimmung ist widerrufen."],
  withdraw_page_unproven: [
    "The service says that it took your approval back, but its proof does not hold: {detail} Send it again, and tell those who run the service.",
    "Der Dienst sagt, Ihre Zustimmung sei widerrufen, doch sein Beweis hält nicht stand: {detail} Senden Sie den Widerruf noch einmal, und sagen Sie es den Betreibern.",
  ],
  withdraw_page_unchecked: [
    "The service says that it took your approval back, but the proof of it could not be checked: {detail} Send it again to get the confirmation; that does no harm.",
    "Der Dienst sagt, Ihre Zustimmung sei widerrufen, doch der Beweis dafür ließ sich nicht prüfen: {detail} Senden Sie den Widerruf noch einmal, um die Bestätigung zu bekommen; das schadet nicht.",
  ],
  withdraw_keep: [
    "Keep the confirmation: with your receipt it proves to anybody that you took your approval back, and what the service says to have erased. It opens nothing.",
    "Bewahren Sie die Bestätigung auf: Mit Ihrer Quittung beweist sie jedem, dass Sie widerrufen haben und was der Dienst nach eigenem Wort gelöscht hat. Sie öffnet nichts.",
  ],
  withdraw_deleted_retention: [
    "This recording was deleted on {date}, when its time was over. Nothing of you is left here to take back.",
    "Diese Aufzeichnung wurde am {date} gelöscht, weil ihre Aufbewahrungszeit zu Ende war. Von Ihnen ist hier nichts mehr, was zu widerrufen wäre.",
  ],
  withdraw_deleted_room_deleted: [
    "This recording was deleted on {date}, together with its room. Nothing of you is left here to take back.",
    "Diese Aufzeichnung wurde am {date} gelöscht, zusammen mit ihrem Raum. Von Ihnen ist hier nichts mehr, was zu widerrufen wäre.",
  ],
  withdraw_deleted_recording_deleted: [
    "This recording was deleted on {date}, by its host. Nothing of you is left here to take back.",
    "Diese Aufzeichnung wurde am {date} gelöscht, vom Gastgeber. Von Ihnen ist hier nichts mehr, was zu widerrufen wäre.",
  ],
  withdraw_deleted_unproven: [
    "The service says that this recording was deleted, but its proof does not hold: {detail} Take back all the same.",
    "Der Dienst sagt, diese Aufzeichnung sei gelöscht, doch sein Beweis hält nicht stand: {detail} Widerrufen Sie trotzdem.",
  ],
  withdraw_page_failed: ["The service did not accept the withdrawal: {detail}", "Der Dienst hat den Widerruf nicht angenommen: {detail}"],

  privacy_title: ["Privacy", "Datenschutz"],
  privacy_lead: ["What this service knows about you, why, and for how long.", "Was dieser Dienst über Sie weiß, warum und wie lange."],
  privacy_who: ["Who is responsible", "Wer verantwortlich ist"],
  privacy_meeting: ["When you take part", "Wenn Sie teilnehmen"],
  privacy_meeting_1: [
    "A name or pseudonym is enough. It is shown to the others, kept in memory, and forgotten when the session ends. In a recording it is stored only encrypted, for the host.",
    "Ein Name oder Pseudonym genügt. Er wird den anderen gezeigt, nur im Arbeitsspeicher gehalten und vergessen, wenn die Sitzung endet. In einer Aufzeichnung steht er nur verschlüsselt, für den Gastgeber.",
  ],
  privacy_meeting_2: [
    "Sound and picture go from browser to browser. Only after you have approved a recording do they also go to this service, and only what you approved.",
    "Ton und Bild gehen von Browser zu Browser. Erst wenn Sie einer Aufzeichnung zugestimmt haben, gehen sie auch zu diesem Dienst, und nur das, dem Sie zugestimmt haben.",
  ],
  privacy_meeting_3: [
    "IP addresses are shortened before they reach the operator's log; operators are told to delete it after 30 days. There are no trackers and no requests to anybody else.",
    "IP-Adressen werden gekürzt, bevor sie ins Protokoll des Betreibers kommen; Betreiber sind angewiesen, es nach 30 Tagen zu löschen. Es gibt keine Tracker und keine Anfragen an andere.",
  ],
  privacy_recording: ["When you approve a recording", "Wenn Sie einer Aufzeichnung zustimmen"],
  privacy_recording_1: [
    "The legal ground is your consent. What is recorded, what for, who can open it and until when is written in the question you are asked, and signed by the host and by you.",
    "Rechtsgrundlage ist Ihre Einwilligung. Was aufgezeichnet wird, wofür, wer es öffnen kann und bis wann, steht in der Frage, die Ihnen gestellt wird; der Gastgeber und Sie unterschreiben es.",
  ],
  privacy_recording_2: [
    "Your part is encrypted before it is stored, to a key that only the named recipients and you hold. With what the service stores it cannot be opened. Whoever runs the service could still try to get at it by changing its programs or these pages; technology alone does not rule that out.",
    "Ihr Teil wird verschlüsselt, bevor er gespeichert wird, mit einem Schlüssel, den nur die genannten Empfänger und Sie haben. Mit dem, was der Dienst speichert, lässt er sich nicht öffnen. Wer den Dienst betreibt, könnte es dennoch mit veränderten Programmen oder Seiten versuchen; Technik allein schließt das nicht aus.",
  ],
  privacy_recording_3: [
    "You may take your approval back at any time, in the meeting or on the withdrawal page. Your part is then erased; the approval and its withdrawal stay as proof until the recording's retention ends.",
    "Sie können Ihre Zustimmung jederzeit widerrufen, im Treffen oder auf der Widerrufsseite. Dann wird Ihr Teil gelöscht; Zustimmung und Widerruf bleiben als Nachweis, bis die Aufbewahrungszeit der Aufzeichnung endet.",
  ],
  privacy_device: ["What stays in your browser", "Was in Ihrem Browser bleibt"],
  privacy_device_1: [
    "One cookie, “unavoce_privacy”: it remembers for one year that you took note of this page. It is the same for everybody and identifies nobody.",
    "Ein Cookie, „unavoce_privacy“: Es merkt sich ein Jahr lang, dass Sie diese Seite zur Kenntnis genommen haben. Es ist bei allen gleich und kennzeichnet niemanden.",
  ],
  privacy_device_2: [
    "While you are in a meeting: a signing key for this session and your place in it. Afterwards: your receipt and key file, and the confirmation of taking back, until you have saved them; a withdrawal that you sent, until the service has confirmed it; and which states of the service's log you saw, to notice if it is falsified. Your choice of language.",
    "Während eines Treffens: ein Signierschlüssel für diese Sitzung und Ihr Platz darin. Danach: Quittung und Schlüsseldatei und die Bestätigung eines Widerrufs, bis Sie sie gespeichert haben; ein Widerruf, den Sie abgeschickt haben, bis der Dienst ihn bestätigt hat; und welche Stände des Protokolls Sie gesehen haben, um Fälschungen zu bemerken. Ihre Sprachwahl.",
  ],
  privacy_device_3: ["Hosts who log in also get a cookie for their login, until they log out.", "Gastgeber, die sich anmelden, bekommen außerdem ein Cookie für ihre Anmeldung, bis sie sich abmelden."],
  privacy_rights: ["Your rights", "Ihre Rechte"],
  privacy_rights_1: [
    "Ask those responsible for information, correction, erasure or restriction. Open your own part with your key file. Complain to the authority named above.",
    "Verlangen Sie von den Verantwortlichen Auskunft, Berichtigung, Löschung oder Einschränkung. Öffnen Sie Ihren eigenen Teil mit Ihrer Schlüsseldatei. Beschweren Sie sich bei der oben genannten Behörde.",
  ],
  privacy_rooms: [
    "A room may name others who are responsible; then they stand in the question you are asked.",
    "Ein Raum kann andere Verantwortliche nennen; dann stehen sie in der Frage, die Ihnen gestellt wird.",
  ],
} as const;
