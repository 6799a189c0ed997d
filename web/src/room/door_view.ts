// In front of the door of a room with a lobby: the question that is asked inside, answered before one enters. Nobody is seen from here.
import { T } from "../i18n/i18n.ts";
import { fill, fillIfNew, h } from "../ui/dom.ts";
import { titleOfPage } from "../ui/frame.ts";
import { icon } from "../ui/icons.ts";
import { Asking } from "./asking.ts";
import { standingApprovals } from "./kept_withdrawals.ts";
import type { Meeting } from "./meeting.ts";
import type { MeetingState } from "./state.ts";

export async function showDoor(main: HTMLElement, meeting: Meeting, leave: () => void, gone: AbortSignal): Promise<void> {
  const { store, place } = meeting;
  const standing = await standingApprovals(place.roomId);
  if (gone.aborted) return; // let in meanwhile
  const asking = new Asking(meeting, () => standing, gone);
  const alarm = h("section", { class: "note alarm", testid: "alarm", role: "alert", hidden: true });
  const notice = h("p", { class: "note", role: "status", testid: "notice", hidden: true });
  const status = h("p", { role: "status", testid: "door-status" });
  const again = h("button", { type: "button", testid: "door-answer", on: { click: () => asking.ask() } }, T("door_answer"));
  titleOfPage(T("door_title"));
  fill(main, h("section", { class: "narrow", testid: "door" },
    h("p", { class: "muted" }, store.state.room.body.title), h("h1", { tabindex: "-1" }, T("door_title")), alarm, notice, h("p", {}, T("door_words")), status,
    h("div", { class: "actions" }, h("button", { type: "button", testid: "door-leave", on: { click: leave } }, icon("leave"), T("leave")), again)));
  main.querySelector("h1")?.focus();
  store.watch((state) => {
    alarm.hidden = state.alarms.length === 0;
    fillIfNew(alarm, state.alarms, () => [h("h2", {}, icon("warning"), " ", T("alarm_title")), ...state.alarms.map((words) => h("p", {}, words))]);
    notice.hidden = state.notice === null;
    fillIfNew(notice, state.notice, () => [state.notice]);
    const words = statusOf(state);
    if (status.dataset["state"] !== words) fill(status, T(words));
    status.dataset["state"] = words;
    again.hidden = state.answer !== "refused" && state.answer !== "asked";
    asking.draw(state);
  }, gone);
}

function statusOf({ connection, answer, withdrawal }: MeetingState): "reconnecting" | "door_refused" | "door_withdrawn" | "door_withdrawn_sending" | "door_withdrawn_unproven" | "mine_withdrawn_failed" | "door_entering" | "door_asked" {
  if (connection === "reconnecting") return "reconnecting";
  if (answer === "refused") return "door_refused";
  if (answer === "withdrawn" && withdrawal === "sending") return "door_withdrawn_sending";
  if (answer === "withdrawn" && withdrawal === "failed") return "mine_withdrawn_failed";
  if (answer === "withdrawn") return withdrawal === "proven" ? "door_withdrawn" : "door_withdrawn_unproven";
  return answer === "sending" || answer === "approved" ? "door_entering" : "door_asked";
}
