// The dialog that makes a room, in two steps: its name, then the key file that must be saved before the room exists.
import { plainLine } from "../core/plain_text.ts";
import { T } from "../i18n/i18n.ts";
import { api, type Account, type Config } from "../net/api.ts";
import { keepHostKey, keepWrappedRoomKey } from "../store/keys.ts";
import { dialog } from "../ui/dialog.ts";
import { busy, checkbox, field, fill, h, saveFile } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";
import { inWords } from "../ui/problems.ts";
import { makeRoom, type NewRoom, type RoomWish } from "./make_room.ts";
import { roomFacts } from "../ui/room_facts.ts";

const MIN_PASSPHRASE = 12;

/** A service that names nobody responsible leaves it to the host, who then stands there with their address. */
function responsible(config: Config, holder: string, { email }: Account): Config {
  return config.controllers.length > 0 ? config : { ...config, controllers: [{ name: holder, contact: email }] };
}

export function openRoomDialog(service: Config, account: Account, created: () => void): void {
  const body = h("div", {});
  const box = dialog("room-dialog", T("room_new"), [body], { dismiss: "escape", class: "wide" });
  fill(body, firstStep(service, account, (room) => {
    fill(body, secondStep(room, () => { box.close(); created(); }, () => box.close()));
    body.querySelector("h3")?.focus();
  }, () => box.close()));
  box.open();
  body.querySelector("input")?.focus();
}

function firstStep(service: Config, account: Account, made: (room: NewRoom) => void, cancel: () => void): HTMLElement {
  const title = h("input", { testid: "room-title", required: true, maxlength: "100", autocomplete: "off" });
  const name = h("input", { testid: "room-holder", required: true, maxlength: "100", autocomplete: "name" }); // empty: the login name is nobody's business in a meeting
  const config = (): Config => responsible(service, plainLine(name.value, 100), account);
  const facts = h("div", {}, roomFacts(config()));
  name.addEventListener("input", () => fill(facts, roomFacts(config())));
  const conference = h("input", { testid: "room-conference", type: "url", pattern: "https://.*", autocomplete: "off", placeholder: "https://" });
  const lobby = checkbox("room-lobby", T("room_lobby"), T("room_lobby_hint"));
  const wholeTakes = checkbox("room-whole-takes", T("room_whole_takes"), T("room_whole_takes_hint"));
  const passphrase = h("input", { testid: "room-passphrase", type: "password", autocomplete: "new-password" });
  const repeat = h("input", { testid: "room-passphrase-repeat", type: "password", autocomplete: "new-password" });
  const submit = h("button", { testid: "room-create", class: "primary" }, T("room_create"));
  const problem = h("p", { class: "problem", role: "alert", testid: "room-error" });
  const run = busy(submit, problem, async () => {
    if (passphrase.value !== repeat.value) return fill(problem, T("room_passphrase_differs"));
    if (passphrase.value !== "" && passphrase.value.length < MIN_PASSPHRASE) return fill(problem, T("room_passphrase_short"));
    const wish: RoomWish = { title: plainLine(title.value, 100), conference: conference.value.trim() || null, passphrase: passphrase.value || null, holder: plainLine(name.value, 100),
      lobby: lobby.input.checked, withdrawalErases: wholeTakes.input.checked ? "whole_takes" : "own_tracks" };
    made(await makeRoom(wish, config()));
  }, inWords);
  return h("form", { on: { submit: (event) => { event.preventDefault(); run(); } } },
    field(T("room_name"), title, T("room_name_hint")),
    field(T("room_holder"), name, T("room_holder_hint")),
    h("details", { testid: "room-options" }, h("summary", {}, T("room_options")),
      field(T("room_conference"), conference, T("room_conference_hint")),
      h("div", { class: "choice" }, lobby.row), h("div", { class: "choice" }, wholeTakes.row),
      field(T("room_passphrase"), passphrase, T("room_passphrase_hint")), field(T("room_passphrase_repeat"), repeat)),
    h("section", { class: "facts" }, h("h3", {}, T("room_facts")), h("p", { class: "muted" }, T("room_facts_lead")), facts),
    problem, h("div", { class: "actions" }, h("button", { type: "button", on: { click: cancel } }, T("cancel")), submit));
}

function secondStep(room: NewRoom, done: () => void, cancel: () => void): HTMLElement {
  const confirm = h("button", { testid: "room-key-confirm", type: "button", class: "primary", disabled: true }, T("key_confirm"));
  const problem = h("p", { class: "problem", role: "alert" });
  const wait = h("p", { class: "hint" }, T("key_wait"));
  const download = h("button", { testid: "room-key-download", type: "button", class: "primary", on: { click: () => {
    saveFile(room.fileName, [room.file], "application/octet-stream");
    confirm.disabled = false;
    download.classList.remove("primary");
    wait.remove();
  } } }, icon("download"), T("key_download", { file: room.fileName }));
  confirm.addEventListener("click", busy(confirm, problem, async () => {
    await api.createRoom(room.statement.envelope);
    await keepHostKey(room.statement.body.room, room.hostKey);
    if (room.wrapped) await keepWrappedRoomKey(room.statement.body.room, room.wrapped);
    done();
  }, inWords));
  return h("section", {}, h("h3", { tabindex: "-1" }, icon("key"), T("key_title")), h("p", {}, T("key_lead")), room.wrapped ? h("p", {}, T("key_lead_passphrase")) : null,
    h("p", {}, download), wait, problem,
    h("div", { class: "actions" }, h("button", { type: "button", on: { click: cancel } }, T("cancel")), confirm));
}
