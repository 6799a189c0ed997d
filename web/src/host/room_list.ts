// The host's rooms: invitation link, the way into the session, and (in a new browser) adding this browser with the room key.
import { Malformed } from "../core/bytes.ts";
import { openStatement, type Signed } from "../core/dsse.ts";
import { invitationLink } from "../core/invitation.ts";
import { plainLine } from "../core/plain_text.ts";
import type { Room } from "../core/statements.ts";
import { T } from "../i18n/i18n.ts";
import { api, type RoomListed } from "../net/api.ts";
import { hostKey, keepHostKey } from "../store/keys.ts";
import { field, fill, h } from "../ui/dom.ts";
import { roomKeyInput } from "../ui/room_key_input.ts";
import { addHostKey } from "./make_room.ts";

export async function showRooms(into: HTMLElement): Promise<void> {
  const rooms = await api.rooms();
  if (rooms.length === 0) return fill(into, h("p", { class: "empty" }, T("rooms_empty")));
  const cards = await Promise.all(rooms.map((room) => roomCard(room, () => void showRooms(into))));
  fill(into, h("ul", { class: "cards", testid: "rooms-list" }, ...cards));
}

async function roomCard(listed: RoomListed, changed: () => void): Promise<HTMLElement> {
  const room = await openStatement("room", listed.envelope);
  const link = await invitationLink(location.origin, room.body.room, room.body.signing_key);
  const input = h("input", { testid: "room-invite-link", readonly: true, value: link, class: "mono" });
  const told = h("span", { class: "visually-hidden", role: "status" });
  const copy: HTMLButtonElement = h("button", { testid: "room-invite-copy", type: "button", on: { click: () => {
    input.select();
    void navigator.clipboard.writeText(link).then(() => [copy, told].forEach((place) => fill(place, T("copied"))), () => undefined);
  } } }, T("copy"));
  const signer = await hostKey(room.body.room);
  const here = signer !== null && room.body.host_keys.some(({ key }) => key === signer.publicKey);
  return h("li", { class: "card", testid: "room-card", id: `room-${room.body.room}`, data: { room: room.body.room } },
    h("h3", {}, room.body.title),
    room.body.conference ? h("p", { class: "muted" }, T("room_conference_at", { url: room.body.conference })) : null,
    h("div", { class: "with-button" }, field(T("invite_link"), input, T("invite_hint")), copy, told),
    here ? h("div", { class: "actions" }, h("a", { testid: "room-open", class: "button primary", href: link }, T("room_open"))) : addBrowser(room, changed));
}

function addBrowser(room: Signed<Room>, changed: () => void): HTMLElement {
  // Offered is the name given when the room was made; never the login name.
  const name = h("input", { testid: "room-add-browser-holder", required: true, maxlength: "100", autocomplete: "name", value: room.body.host_keys[0]!.holder });
  const input = roomKeyInput("room-add-browser", room.body.room, T("room_add_browser"), async (key) => {
    const holder = plainLine(name.value, 100);
    if (holder === "") {
      name.focus();
      throw new Malformed("a host's browser needs a name", "no_holder");
    }
    const { statement, hostKey: signer } = await addHostKey(room, key, holder);
    await keepHostKey(room.body.room, signer);
    await api.updateRoom(room.body.room, statement.envelope);
    changed();
  });
  return h("div", {}, h("p", { class: "note" }, T("room_other_browser")), field(T("room_holder"), name, T("room_add_browser_holder_hint")), input);
}
