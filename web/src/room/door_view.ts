// In front of the door of a room with a lobby: the question that is asked inside, answered before one enters. Nobody is seen from here.
import { T } from "../i18n/i18n.ts";
import { fill, h } from "../ui/dom.ts";
import { titleOfPage } from "../ui/frame.ts";
import { icon } from "../ui/icons.ts";
import { Asking } from "./asking.ts";
import { standingApprovals } from "./kept_withdrawals.ts";
import type { Meeting } from "./meeting.ts";

export async function showDoor(main: HTMLElement, meeting: Meeting, leave: () => void): Promise<void> {
  const { store, place } = meeting;
  const standing = (await standingApprovals(place.roomId)).map(({ recording }) => recording);
  if (store.state.where === "room") return; // let in meanwhile
  const asking = new Asking(meeting, () => standing);
  const status = h("p", { role: "status", testid: "door-status" });
  const again = h("button", { type: "button", testid: "door-answer", on: { click: () => asking.ask() } }, T("door_answer"));
  titleOfPage(T("door_title"));
  fill(main, h("section", { class: "narrow", testid: "door" },
    h("p", { class: "muted" }, store.state.room.body.title), h("h1", { tabindex: "-1" }, T("door_title")), h("p", {}, T("door_words")), status,
    h("div", { class: "actions" }, h("button", { type: "button", testid: "door-leave", on: { click: () => { asking.close(); leave(); } } }, icon("leave"), T("leave")), again)));
  main.querySelector("h1")?.focus();
  store.watch((state) => {
    if (state.where === "room") return asking.close();
    const words = state.connection === "reconnecting" ? "reconnecting" : state.answer === "refused" ? "door_refused" : state.answer === "sending" || state.answer === "approved" ? "door_entering" : "door_asked";
    if (status.dataset["state"] !== words) fill(status, T(words));
    status.dataset["state"] = words;
    again.hidden = state.answer !== "refused" && state.answer !== "asked";
    asking.draw(state);
  });
}
