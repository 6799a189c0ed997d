// A meeting: a service, a host with a room, participants who came by the invitation link, and what they do together.
import { join } from 'node:path';
import { Person } from './person.mjs';
import { Recording } from './recording.mjs';
import { Service } from './service.mjs';
import { cast } from './speech.mjs';
import { until } from './command.mjs';

export class Meeting {
  /** Everybody has joined and sees everybody else. `tell` hears what happens, for people who watch; `page_script` runs in every page before its own, and gets the person's id. */
  static async gather(folder, { ids = ['anna', 'ben', 'chloe'], name_tag = '', tell = () => {}, flags = [], lobby = false, page_script = null } = {}) {
    const service = await Service.start(join(folder, 'service'), flags);
    tell(`unavoced runs at ${service.base}`);
    const meeting = new Meeting(folder, service, tell);
    try {
      const people = await Promise.all(ids.map((id) => Person.enter(id, join(folder, 'people'), cast[id].name + name_tag)));
      meeting.people = people;
      if (page_script) await Promise.all(people.map(({ id, page }) => page.addInitScript(page_script, id)));
      [meeting.host, ...meeting.participants] = people;
      await meeting.host.register(service.base);
      meeting.room = await meeting.host.create_room('Garden committee', { lobby });
      tell(`${meeting.host.name} has an account and a room; the room key was made in her browser and saved to ${meeting.room.key}`);
      await meeting.host.join(meeting.room.link);
      await Promise.all(meeting.participants.map((person) => person.join(meeting.room.link)));
      await Promise.all(people.map((person) => person.sees(people.length - 1)));
      tell(`${people.map((person) => person.name).join(', ')} have joined, see and hear each other, browser to browser`);
    } catch (error) {
      error.message += `\n${meeting.complaints()}`;
      await meeting.end();
      throw error;
    }
    return meeting;
  }

  constructor(folder, service, tell) { Object.assign(this, { folder, service, tell, people: [] }); }

  person(id) { return this.people.find((person) => person.id === id); }

  /** The host asks; resolves when everybody has the prompt before them. */
  async ask(purpose = 'Minutes for those who could not come', kinds) {
    await this.host.request_recording(purpose, kinds);
    await Promise.all(this.people.map((person) => person.at('prompt').waitFor()));
    const [{ message }] = (await this.host.heard('request')).slice(-1);
    this.recording_id = message.request.recording;
    return this.recording_id;
  }

  async everybody_approves() {
    for (const person of this.people) await person.approve();
  }

  /** The gate as the service last announced it to somebody: {state, reason, take, opened_ms, heard_ms}. */
  async gate(person = this.host) {
    const last = (await person.heard('gate')).at(-1);
    return last && { ...last.message.gate, heard_ms: last.at_ms };
  }

  /** When the gate last opened, and when the host heard that it closed again; wall clock, ms. */
  async open_span() {
    const heard = await this.host.heard('gate');
    const open = heard.findLastIndex(({ message }) => message.gate.state === 'open');
    const { opened_ms } = heard[open].message.gate;
    // By the service's clock: a page on a busy machine may hear of the closing a second later.
    return { opened_ms, closed_ms: opened_ms + this.service.open_spans_ms().at(-1) };
  }

  gate_is(state, timeout_ms = 10000) {
    return until(`gate ${state}`, async () => {
      const gate = await this.gate();
      return gate?.state === state && gate;
    }, { timeout_ms });
  }

  /** The host's own view of the recording through the API. */
  async recording_state() {
    const answer = await this.host.page.request.get(`${this.service.base}/api/v1/recordings`);
    return (await answer.json()).recordings.find(({ recording }) => recording === this.recording_id);
  }

  /** The host stops; resolves when everything is sealed. */
  async stop() {
    await this.host.stop_recording();
    return until('the recording is sealed', async () => {
      const recording = await this.recording_state();
      return ['sealed', 'interrupted'].includes(recording?.state) && recording; // interrupted: one of its takes was
    }, { timeout_ms: 20000 });
  }

  fetch(name = 'bundle') { return Recording.fetch(this.host, this.service.base, this.recording_id, join(this.folder, name)); }

  /** Whose approval is whose, from a fetched recording: {person's id: approval id}. */
  async approvals(recording) {
    const entries = (await recording.entries()).filter(({ kind }) => kind === 'approval');
    const pairs = this.people.map(async (person) => {
      const participant = await person.at('meeting').getAttribute('data-participant');
      return [person.id, entries.find(({ body }) => body.participant === participant)?.id];
    });
    return Object.fromEntries(await Promise.all(pairs));
  }

  /** The host leaves, opens the recording in the browser and plays it; resolves when the pictures of so many files have moved for two seconds. */
  async host_plays(files) {
    const { host, room } = this;
    await host.leave();
    await host.open(`${this.service.base}/host`);
    await host.page.locator(`[data-testid=recording-item][data-recording="${this.recording_id}"]`).getByTestId('recording-open').click();
    await host.at('recording-key-file').setInputFiles(room.key);
    await host.state('recording-status', 'open');
    await host.click('player-play');
    await host.page.waitForFunction((count) => {
      const players = [...document.querySelectorAll('[data-testid=player-tile] video')];
      return players.length === count && players.every((video) => video.currentTime > 2 && video.videoWidth > 0 && !video.error);
    }, files);
  }

  complaints() {
    return [...this.people.flatMap((person) => person.complaints), this.service.status === undefined ? 'unavoced said:' : `unavoced ended with ${this.service.status}; it had said:`, this.service.said.slice(-6000)].join('\n');
  }

  async end() {
    await Promise.all(this.people.map((person) => person.close().catch(() => {})));
    return this.service.stop();
  }
}
