// Takes an approval back with the participant's key file: shows what will happen, sends the withdrawal that was signed in advance,
// repeats until the service acknowledges it, and gives the proof to keep. Of a recording that was deleted as a whole it says that instead.
// The consent key in the file is never sent; it opens one's own part, here in the page, when somebody asks for it.
import { openStatement } from "../core/dsse.ts";
import { parseKeyFile, type KeyFile } from "../core/identity.ts";
import { Malformed } from "../core/bytes.ts";
import { confirmWithdrawal, type ConfirmedWithdrawal } from "../core/withdrawal_confirmation.ts";
import { sayTime, T } from "../i18n/i18n.ts";
import { Ledgers } from "../ledger/ledgers.ts";
import { api, Problem } from "../net/api.ts";
import { submitUntilAcknowledged } from "../net/submit.ts";
import { approvalsIn } from "../store/approvals.ts";
import { field, fill, h, type Child } from "../ui/dom.ts";
import { ready, showPage } from "../ui/frame.ts";
import { ledgerAlarm } from "../ui/ledger_alarm.ts";
import { ownPart } from "../ui/own_part.ts";
import { inWords } from "../ui/problems.ts";
import { facts } from "../ui/room_facts.ts";
import { confirmationButton, erasedInWords } from "../ui/withdrawn.ts";
import { deletionOf, type Deletion, type Service } from "./deletion.ts";

const ledgers = new Ledgers();
let service: Service | null = null;
/** Counts the files chosen: an answer about one that is not the last any more is not shown. */
let chosenFiles = 0;
const file = h("input", { type: "file", testid: "withdraw-file" });
const summary = h("section", { testid: "withdraw-summary", hidden: true });
const problem = h("p", { class: "problem", role: "alert", testid: "withdraw-error" });
const status = h("p", { testid: "withdraw-status", role: "status" });
const proof = h("section", { testid: "withdraw-proof", hidden: true });
const card = h("div", { class: "card" }, field(T("withdraw_file"), file, T("withdraw_file_hint")), problem, summary, status, proof);
const content = h("div", { class: "narrow" }, h("h1", {}, T("withdraw_page_title")), h("p", { class: "lead" }, T("withdraw_page_lead")), ledgerAlarm(ledgers), card);
showPage("withdraw", T("withdraw_page_title"), content);

/** What the file says, once its withdrawal is found to be signed and about the recording it names. */
async function read(chosen: Blob): Promise<KeyFile> {
  const keyFile = parseKeyFile(await chosen.text());
  const { body } = await openStatement("withdrawal", keyFile.withdrawal);
  if (body.recording !== keyFile.recording) throw new Malformed("the withdrawal in the file is about another recording");
  return keyFile;
}

const isFromElsewhere = ({ server }: KeyFile): boolean => new URL(server).origin !== location.origin;

async function take(chosen: Blob): Promise<void> {
  const mine = ++chosenFiles;
  fill(problem);
  summary.hidden = true;
  if (status.dataset["state"] !== "sending") forgetLast();
  try {
    const keyFile = await read(chosen);
    const deletion = isFromElsewhere(keyFile) ? null : await findDeletion(keyFile);
    if (mine === chosenFiles) show(keyFile, deletion);
  } catch (error) {
    if (mine === chosenFiles) fill(problem, inWords(error));
  }
}

function forgetLast(): void {
  delete status.dataset["state"];
  status.className = "";
  fill(status);
  proof.hidden = true;
}

function show(keyFile: KeyFile, deletion: Deletion | null): void {
  const short = (id: string): HTMLElement => h("span", { class: "mono" }, id);
  const about = facts([[T("withdraw_server"), keyFile.server], [T("withdraw_recording"), short(keyFile.recording)], [T("withdraw_approval"), short(keyFile.approval)]]);
  summary.hidden = false;
  if (deletion) {
    fill(summary, about);
    return say("deleted", T(`withdraw_deleted_${deletion.reason}`, { date: new Date(deletion.at_ms) }));
  }
  const send = h("button", { type: "button", class: "danger", testid: "withdraw-send", on: { click: () => void sendIt(keyFile, send) } }, T("withdraw_send"));
  fill(summary, h("h2", {}, T("withdraw_what_title")), about,
    isFromElsewhere(keyFile)
      ? h("p", { class: "note warning" }, T("withdraw_other_server", { server: keyFile.server }))
      : [h("p", {}, T("withdraw_what")), h("p", {}, T("withdraw_not_erased")), h("div", { class: "actions" }, send), ownPart(() => keyFile)]);
}

/** Says where things stand; what is final stands out. */
function say(state: "sending" | "failed" | "done" | "deleted", ...words: Child[]): void {
  status.dataset["state"] = state;
  status.className = state === "done" || state === "deleted" ? "note" : "";
  fill(status, ...words);
}

/** Ledger and key of this service; looked up beforehand, so that a withdrawal finds out what its answer may not be older than. */
async function findService(): Promise<Service> {
  const { ledger, service_key } = await api.config();
  return (service ??= { watch: ledgers.of(ledger), serviceKey: service_key });
}

/** Nothing keeps anybody from taking back: not a service that does not say soon, nor one whose proof does not hold. */
async function findDeletion(keyFile: KeyFile): Promise<Deletion | null> {
  try {
    return await deletionOf(keyFile, findService);
  } catch (error) {
    if (!(error instanceof Problem)) fill(problem, T("withdraw_deleted_unproven", { detail: inWords(error) }));
    return null;
  }
}

async function sendIt(keyFile: KeyFile, button: HTMLButtonElement): Promise<void> {
  button.disabled = true;
  say("sending", T("withdraw_page_sending"));
  try {
    const before = (await service?.watch.asking().catch(() => null)) ?? null;
    const accepted = await submitUntilAcknowledged(keyFile.withdrawal);
    const { watch, serviceKey } = service ?? (await findService());
    const confirmed = await confirmWithdrawal(accepted, keyFile.withdrawal, { ledger: watch.ledger, serviceKey });
    await watch.saw({ ...confirmed.head, note: confirmed.checkpoint }, before);
    const kept = await approvalsIn(keyFile.recording).catch(() => []); // a browser that keeps nothing knows none
    say("done", T("withdraw_page_done", { when: sayTime(confirmed.entry.received_ms) }), " ", erasedInWords([confirmed], [keyFile.approval], kept));
    summary.hidden = true;
    offer(confirmed, keyFile);
  } catch (error) {
    button.disabled = false;
    const deletion = error instanceof Problem && (error.status === 404 || error.status === 410) ? await findDeletion(keyFile) : null;
    if (deletion) return show(keyFile, deletion);
    button.focus();
    say("failed", T(error instanceof Problem ? "withdraw_page_failed" : "withdraw_page_unproven", { detail: inWords(error) }));
  }
}

/** The proof to keep, and what erasing did not reach. Gets the focus, which was on what is gone now. */
function offer(confirmed: ConfirmedWithdrawal, { approval }: KeyFile): void {
  const save = confirmationButton(confirmed, approval.slice(0, 16), T("confirmation_save"));
  fill(proof, h("p", {}, T("withdraw_not_erased")), h("p", {}, T("withdraw_keep")), h("div", { class: "actions" }, save));
  proof.hidden = false;
  save.focus();
}

file.addEventListener("change", () => file.files?.[0] && void take(file.files[0]));
card.addEventListener("dragover", (event) => event.preventDefault());
card.addEventListener("drop", (event) => {
  event.preventDefault();
  const dropped = event.dataTransfer?.files[0];
  if (dropped) void take(dropped);
});
void findService().catch(() => undefined).finally(ready);
