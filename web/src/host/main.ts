// The host page: rooms and recordings; `#recording=<id>` shows one recording.
import { T } from "../i18n/i18n.ts";
import { api, type Account, type Config } from "../net/api.ts";
import { showRecording } from "../player/recording_view.ts";
import { fill, h } from "../ui/dom.ts";
import { ready, showPage, titleOfPage } from "../ui/frame.ts";
import { inWords } from "../ui/problems.ts";
import { accountForms } from "./account_forms.ts";
import { deleteAccountSection } from "./delete_account.ts";
import { showRecordings } from "./recording_list.ts";
import { openRoomDialog } from "./room_dialog.ts";
import { showRooms } from "./room_list.ts";

const content = h("div", {}, h("p", { class: "muted" }, T("loading")));
showPage("host", T("host_title"), content);

async function show(): Promise<void> {
  const [config, account] = await Promise.all([api.config(), api.account()]);
  if (account === null) {
    return fill(content, h("h1", { tabindex: "-1" }, T("no_session_title")), accountForms(config, () => void refresh()));
  }
  const recording = /^#recording=([0-9a-f]{32})$/.exec(location.hash)?.[1];
  if (recording) return showRecording(content, recording);
  await overview(config, account);
}

async function overview(config: Config, account: Account): Promise<void> {
  const { user } = account;
  const rooms = h("div", {});
  const recordings = h("div", {});
  const newRoom = h("button", { testid: "room-new", type: "button", class: "primary", on: { click: () => openRoomDialog(config, account, () => void showRooms(rooms)) } }, T("room_new"));
  const logout = h("button", { testid: "logout", type: "button", class: "quiet", on: { click: () => void api.logout().finally(() => location.assign("/")) } }, T("logout"));
  const again = h("button", { testid: "recordings-refresh", type: "button", class: "quiet", on: { click: () => void showRecordings(recordings) } }, T("recordings_refresh"));
  titleOfPage(T("host_title"));
  fill(content,
    h("div", { class: "title-row" }, h("h1", { tabindex: "-1" }, T("host_title")), h("p", { class: "muted" }, h("span", { testid: "account-name" }, user), logout)),
    notices(config),
    h("section", {}, h("div", { class: "title-row" }, h("h2", {}, T("rooms_title")), newRoom), rooms),
    h("section", {}, h("div", { class: "title-row" }, h("h2", {}, T("recordings_title")), again), recordings),
    deleteAccountSection(user, () => location.assign("/")));
  await Promise.all([showRooms(rooms), showRecordings(recordings)]);
  document.getElementById(location.hash.slice(1))?.scrollIntoView(); // the way from a room's own page; its card is here only now
}

function notices({ operator_notices: texts }: Config): HTMLElement | null {
  return texts.length === 0 ? null : h("aside", { class: "note warning", "aria-label": T("operator_notices") }, h("ul", {}, ...texts.map((text) => h("li", {}, text))));
}

async function refresh(): Promise<void> {
  await show().catch((error: unknown) => fill(content, h("h1", { tabindex: "-1" }, T("host_title")), h("p", { class: "problem", role: "alert" }, inWords(error)),
    location.hash === "" ? null : h("p", {}, h("a", { href: "/host#" }, T("recording_back")))));
  ready();
}

/** Another view is another page to whoever goes by keyboard or ear: they begin at its title. */
async function turn(): Promise<void> {
  await refresh();
  if (!location.hash.startsWith("#room-")) content.querySelector("h1")?.focus();
}

window.addEventListener("hashchange", () => void turn());
void refresh();
