// One recording of the host: what it is, the room key, then the player and the files.
import type { RoomKey } from "../core/identity.ts";
import { currentLanguage, sayTime, T, type Message } from "../i18n/i18n.ts";
import { api } from "../net/api.ts";
import { fill, h, keepFocus, saveFile } from "../ui/dom.ts";
import { titleOfPage } from "../ui/frame.ts";
import { icon } from "../ui/icons.ts";
import { inWords } from "../ui/problems.ts";
import { facts } from "../ui/room_facts.ts";
import { roomKeyInput } from "../ui/room_key_input.ts";
import { openRecording, type Opened, type OpenedTrack } from "./open_recording.ts";
import { playerView } from "./player_view.ts";
import { readRecording, type Recording } from "./recording.ts";
import { verifyRecording } from "./verify_recording.ts";

export async function showRecording(into: HTMLElement, id: string): Promise<void> {
  const detail = await api.recording(id);
  const recording = await readRecording(detail);
  const { request, room } = recording;
  const status = h("p", { testid: "recording-status", role: "status", data: { state: "locked" } });
  const progress = h("progress", { testid: "recording-progress", max: "1", value: "0", "aria-label": T("opening"), hidden: true });
  const content = h("div", { class: "stack", testid: "recording-opened", tabindex: "-1" });
  const doubts = h("div", { testid: "recording-doubts" });
  const key = roomKeyInput("recording-key", room.body.room, T("recording_key"), async (roomKey) => {
    const wrong = await verifyRecording(detail, roomKey);
    if (wrong.length === 0) return open(roomKey, []);
    status.dataset["state"] = "unverified";
    fill(doubts, unverified(wrong), h("p", {}, h("button", { type: "button", testid: "recording-unverified", on: { click: () => void open(roomKey, wrong).catch(failed) } }, T("unverified_open"))));
  });
  const failed = (error: unknown): void => {
    fill(doubts, h("p", { class: "problem", role: "alert" }, inWords(error)));
    keepFocus();
  };
  const open = async (roomKey: RoomKey, wrong: Message[]): Promise<void> => {
    const asked = [lock, doubts].some((part) => part.contains(document.activeElement)); // what was asked with goes away
    const set = (state: string): void => { status.dataset["state"] = state; fill(status, state === "opening" || state === "open" ? T(state === "open" ? "opened" : "opening") : null); };
    fill(doubts, wrong.length > 0 ? unverified(wrong) : null); // stays beside what was opened
    set("opening");
    progress.hidden = false;
    try {
      const opened = await openRecording(recording, roomKey, (done, total) => { progress.value = total === 0 ? 1 : done / total; });
      set(opened.failures.length > 0 ? "failed" : "open");
      lock.hidden = true;
      fill(content, ...openedParts(recording, opened));
      if (asked) content.focus();
    } catch (error) {
      set("failed");
      throw error;
    } finally {
      progress.hidden = true;
    }
  };
  const lock = h("section", { class: "card narrow-card" }, h("h2", {}, icon("key"), " ", T("recording_unlock_title")), h("p", { class: "muted" }, T("recording_unlock_lead")), key);
  titleOfPage(T("plain", { text: request.body.purpose }));
  fill(into,
    h("p", {}, h("a", { testid: "recording-back", href: "/host#" }, T("recording_back"))),
    h("h1", { tabindex: "-1" }, request.body.purpose),
    facts([
      [T("recording_room"), room.body.title],
      [T("recording_when"), sayTime(recording.takes[0]?.startMs ?? request.body.issued_ms)],
      [T("recording_people"), T("recording_people_count", { count: recording.approvals.size, withdrawn: recording.withdrawn.size })],
      [T("prompt_until"), T("prompt_until_date", { date: new Date(request.body.delete_after_ms) })],
    ]),
    lock, doubts, status, progress, content, files(id));
}

/** What does not hold, for people. */
function unverified(wrong: Message[]): HTMLElement {
  return h("section", { class: "note alarm", role: "alert" }, h("h2", {}, icon("warning"), " ", T("unverified_title")), h("ul", {}, ...wrong.map((what) => h("li", {}, what))), h("p", {}, T("unverified_lead")));
}

function openedParts(recording: Recording, opened: Opened): (HTMLElement | null)[] {
  const failures = opened.failures.map(({ name, track, reason }) => h("li", {}, name, " ", track, ": ", inWords(reason)));
  return [
    failures.length > 0 ? h("section", { class: "problem", role: "alert", testid: "recording-error" }, h("h2", {}, T("opening_failed")), h("ul", {}, ...failures)) : null,
    opened.tracks.length === 0 ? h("p", { class: "empty" }, T("recording_nothing")) : playerView(recording, opened),
    opened.tracks.length === 0 ? null : h("section", {}, h("h2", {}, T("tracks_title")), h("ul", { class: "rows" }, ...opened.tracks.map(row))),
  ];
}

function row({ track, take, name, media }: OpenedTrack): HTMLElement {
  const ending = track.name.endsWith(".mkv.age") ? "mkv" : "webm";
  const file = `${String(take).padStart(3, "0")} ${name.replace(/[^\p{L}\p{N} ._-]/gu, "_")} ${track.file}.${ending}`;
  const size = new Intl.NumberFormat(currentLanguage(), { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(track.size_bytes / 1e6);
  return h("li", { class: "row" }, h("div", {}, h("h3", {}, name), h("p", { class: "muted" }, T("player_take", { number: take }), ` · ${track.codecs.join(", ")} · ${size}`)),
    h("button", { type: "button", testid: "track-download", data: { name }, on: { click: () => saveFile(file, [media], media.type) } }, icon("download"), T("track_save")));
}

function files(id: string): HTMLElement {
  return h("section", {}, h("h2", {}, T("bundle_title")), h("p", { class: "muted" }, T("bundle_lead")),
    h("p", {}, h("a", { class: "button", testid: "bundle-download", href: api.bundleUrl(id), download: `unavoce-${id}.tar` }, icon("download"), T("bundle_save"))),
    h("pre", { class: "command", tabindex: "0" }, `unavoce verify unavoce-${id}.tar\nunavoce open unavoce-${id}.tar --key room.key`));
}
