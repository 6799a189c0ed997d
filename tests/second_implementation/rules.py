"""The rules of FORMATS.md section 9 ("Verifying"), one method each, in its order. Every finding names a file of the bag."""
import re

import agefile
import bag as bags
import ledger
import statements
from arrival_rules import ArrivalRules
from opening import Opening
from strict import Refused, need
from track_rules import TrackRules

RULES = ['bag', 'ledger', 'chain', 'room', 'request', 'answers', 'takes', 'order', 'seen', 'tracks', 'seals', 'withdrawals', 'keys', 'opening']


RULE_OF_KIND = {'room': 'room', 'request': 'request', 'approval': 'answers', 'refusal': 'answers', 'take': 'takes', 'track': 'tracks', 'seal': 'seals',
                'withdrawal': 'withdrawals', 'erased': 'withdrawals'}


class Verification(TrackRules, ArrivalRules):
    def __init__(self, bag, room_key=None, opened_folder=None):
        self.bag, self.room_key, self.opened_folder = bag, room_key, opened_folder
        self.findings = {rule: [] for rule in RULES}
        self.notes, self.names, self.opened = [], {}, {}
        self.room_links, self.links = [], []  # every Entry, in order
        self.rooms, self.entries = [], []  # (Entry, Statement) of those with a good statement
        self.headers = {}

    def run(self):
        self.measured = bags.check(self.bag, lambda path, text: self.found('bag', path, text))
        self.check_ledger()
        self.check_room()
        self.check_chain()
        self.check_seen()
        self.room = self.request = None
        if self.check_request():
            self.check_answers()
            self.check_takes_and_order()
            self.check_tracks()
            self.check_seals()
            self.check_withdrawals()
            self.check_arrivals()
            self.check_keys()
            if self.room_key:
                Opening(self).run()
        return self

    # ---- what the rules use

    def found(self, rule, path, text):
        self.findings[rule].append(f'{path}: {text}')

    def passed(self):
        return not any(self.findings.values())

    def guarded(self, rule, path, check, *arguments):
        """The value of a check, or None and a finding."""
        try:
            return check(*arguments)
        except (Refused, UnicodeDecodeError) as error:
            self.found(rule, path, str(error))
            return None

    def of_kind(self, *kinds):
        return [(entry, statement) for entry, statement in self.entries if statement.kind in kinds]

    def by_id(self, kind):
        return {statement.id: (entry, statement) for entry, statement in self.of_kind(kind)}

    def header(self, path):
        if path not in self.headers:
            with self.bag.open(path) as file:
                self.headers[path] = agefile.parse_header(file)
        return self.headers[path]

    # ---- the rules

    def check_ledger(self):
        verifier = self.ledger_key = None
        if 'data/ledger.vkey' in self.bag:
            vkey = self.bag.read('data/ledger.vkey').decode(errors='replace')
            verifier = self.guarded('ledger', 'data/ledger.vkey', ledger.Verifier.parse, vkey[:-1] if vkey.endswith('\n') else '')
            self.ledger_key = verifier and {'origin': verifier.name, 'vkey': vkey[:-1]}
        checkpoint = self.checkpoint = None
        if verifier and 'data/checkpoint' in self.bag:
            note = self.bag.read('data/checkpoint')
            checkpoint = self.checkpoint = self.guarded('ledger', 'data/checkpoint', ledger.parse_checkpoint, note, verifier)
        if checkpoint is None:
            self.found('ledger', 'data/checkpoint', 'no signed checkpoint to prove anything with')
        for path in self.bag.under('data/entries/'):
            entry = self.guarded('ledger', path, lambda: ledger.parse_entry(path, self.bag.read(path)))
            if entry is None:
                continue
            if checkpoint:
                if entry.note != note:
                    self.found('ledger', path, 'its proof leads to another checkpoint')
                self.guarded('ledger', path, ledger.check_inclusion, entry, checkpoint)
            is_room = 'room-' in path
            (self.room_links if is_room else self.links).append(entry)
            statement = self.guarded(RULE_OF_KIND.get(entry.kind, 'chain'), path, self._read_statement, entry, is_room)
            if statement:
                (self.rooms if is_room else self.entries).append((entry, statement))

    @staticmethod
    def _read_statement(entry, is_room):
        statement = statements.parse_envelope(entry.envelope)
        if statement.kind != entry.kind or (statement.kind == 'room') != is_room:
            raise Refused(f'a {statement.kind} statement has no place here')
        return statement

    def _check_links(self, rule, links, name_of):
        """Sequence, previous, order in the ledger, and names of one chain of entries."""
        last = None
        for sequence, entry in enumerate(links):
            if entry.sequence != sequence or entry.path != name_of(sequence):
                self.found(rule, entry.path, f'is number {entry.sequence} where {sequence} is expected')
            if entry.previous != (last.commitment.hex() if last else None):
                self.found(rule, entry.path, 'does not follow the one before it')
            if last and entry.index <= last.index:
                self.found(rule, entry.path, 'is older than the one before it')
            if entry.recording != links[0].recording:
                self.found(rule, entry.path, 'is an entry of something else')
            last = entry

    def check_room(self):
        if not self.rooms:
            return self.found('room', 'data/entries/room-000001.json', 'no room statement')
        first, last = self.rooms[0][1], None
        for version, (entry, room) in enumerate(self.rooms, 1):
            if room['version'] != version:
                self.found('room', entry.path, f'is version {room["version"]}, expected {version}')
            if room['previous'] != (last and last.id):
                self.found('room', entry.path, 'does not name the version before it')
            if room['signing_key'] != first['signing_key']:
                self.found('room', entry.path, 'is signed by another room key')
            if room['room'] != first['room']:
                self.found('room', entry.path, 'is of another room')
            last = room
        if self.room_key and self.room_key.public_key and first['signing_key'] != self.room_key.public_key:
            self.found('room', self.rooms[0][0].path, 'is not signed by the key of this room.key')

    def check_chain(self):
        self._check_links('chain', self.room_links, lambda sequence: f'data/entries/room-{sequence + 1:06d}.json')
        self._check_links('chain', self.links, lambda sequence: f'data/entries/{sequence:06d}.json')
        self.recording, seen = self.links[0].recording if self.links else '', set()
        for entry, statement in self.rooms + self.entries:
            if statement['room' if statement.kind == 'room' else 'recording'] != entry.recording:
                self.found(RULE_OF_KIND[statement.kind], entry.path, 'is a statement about something else than its entry')
            if statement.id in seen:
                self.found(RULE_OF_KIND[statement.kind], entry.path, 'is there twice')
            seen.add(statement.id)

    def check_seen(self):
        """The ledger begins with what everybody who approved, and the service before every take, had seen of it."""
        self.seen, needed = {}, set()  # size -> root, of the first who saw a tree of that size
        if self.checkpoint is None:
            return
        for entry, statement in self.of_kind('approval', 'take'):
            if statement['checkpoint'] is None or statement['recording'] != entry.recording:  # the latter is found by check_chain
                continue
            size, root = statement['checkpoint']['size'], bytes.fromhex(statement['checkpoint']['root'])
            if self.seen.setdefault(size, root) != root:
                self.found('seen', entry.path, f'names another ledger of {size} entries than a statement before it')
            path = f'data/consistency/{size}' if 0 < size < self.checkpoint.size else 'data/checkpoint'
            needed.add(path)
            self.guarded('seen', f'{entry.path}: {statement.kind} {statement.id}: {path}', ledger.check_beginning, size, root, self.checkpoint, lambda: self._proof(path))
        for path in self.bag.under('data/consistency/'):
            if path not in needed:
                self.found('seen', path, 'is the proof of nothing that anybody had seen')

    def _proof(self, path):
        need(path in self.bag, 'is missing')
        return self.bag.read(path, 63 * 45)

    def check_request(self):
        requests = self.of_kind('request')
        if len(requests) != 1 or requests[0][0].sequence != 0:
            self.found('request', 'data/entries/000000.json', f'{len(requests)} requests; one is expected, as the first statement')
            if not requests:
                return False
        self.request_entry, self.request = requests[0]
        named = [(entry, room) for entry, room in self.rooms if room.id == self.request['room_statement']]
        if not named:
            self.found('request', self.request_entry.path, 'the room statement it names is not there')
            return False
        room_entry, self.room = named[0]
        self.host_keys = [host['key'] for host in self.room['host_keys']]
        if self.request['room'] != self.room['room']:
            self.found('request', self.request_entry.path, 'is about another room')
        if self.request['key'] not in self.host_keys:
            self.found('request', self.request_entry.path, 'is not signed by a host of the room')
        if room_entry.index > self.request_entry.index:
            self.found('request', self.request_entry.path, 'is older than its room statement')
        if self.request_entry.received_ms > self.request['expires_ms']:
            self.found('request', self.request_entry.path, 'had expired when it arrived')
        if self.ledger_key and self.room['ledger'] != self.ledger_key:
            self.found('ledger', 'data/ledger.vkey', f'is not the key of the ledger that {room_entry.path} names')
        self.room_entry = room_entry
        return True

    def check_answers(self):
        used = {name: set() for name in ('consent_recipient', 'wrapped_sha256', 'challenge')}
        recipients = [recipient['recipient'] for recipient in self.room['recipients']]
        for entry, answer in self.of_kind('approval', 'refusal'):
            say = lambda text: self.found('answers', entry.path, text)
            if answer['request'] != self.request.id:
                say('answers another request')
            for name, seen in used.items():
                value = answer.body.get(name)
                if value is not None and value in seen:
                    say(f'its {name} was used before')
                seen.add(value)
            if answer.kind == 'refusal':
                continue
            if entry.received_ms > answer['expires_ms']:
                say('had expired when it arrived')
            if not set(answer['scope']) <= set(self.request['scope']):
                say('grants more than was asked for')
            if answer['consent_recipient'] in recipients:
                say('its consent key is a key of the room')
            if answer['attested_by'] and answer['attested_by'] not in self.room['gateway_keys']:
                say('is attested by no gateway of the room')

    def check_takes_and_order(self):
        approvals, last = self.by_id('approval'), 0
        for entry, take in self.of_kind('take'):
            say = lambda text: self.found('takes', entry.path, text)
            if take['take'] <= last:
                say(f'is take {take["take"]} after take {last}')
            last = take['take']
            if take['key'] != self.room['service_key']:
                say('is not signed by the service')
            if len(take.signers) == 1:
                self.notes.append(f"take {take['take']}: roster: the service's word only (no host countersigned it)")
            elif take.signers[1] not in self.host_keys:
                say('is countersigned by a key that is no host\'s')
            named = [approvals.get(approval) for approval in take['approvals']]
            if not any(pair and pair[1]['role'] == 'host' for pair in named):
                say('no host was there')
            say = lambda text: self.found('order', entry.path, text)
            if take['start_ms'] > self.request['expires_ms']:
                say('the request had expired')
            if any(self.room_entry.index < later.index < entry.index for later, _ in self.rooms):
                say('the room statement of the request had been replaced')
            keys = [pair[1]['key'] for pair in named if pair]
            if len(set(keys)) != len(keys):
                say('names two approvals of one key')
            for approval, pair in zip(take['approvals'], named):
                self._check_standing(entry, take, approval, pair, say)

    def _check_standing(self, entry, take, approval, pair, say):
        if pair is None:
            return say(f'names approval {approval}, which is not there')
        own_entry, own = pair
        if own_entry.sequence > entry.sequence or own_entry.index >= take['checkpoint']['size']:
            say(f'approval {approval} came after the take began')
        if own['expires_ms'] < take['start_ms']:
            say(f'approval {approval} had expired')
        if not set(self.request['minimum_scope']) <= set(own['scope']) - self.withdrawn_kinds(own_entry, own, entry):
            say(f'approval {approval} grants less than the request needs')
        for other_entry, other in self.of_kind('approval', 'refusal'):
            if own_entry.sequence < other_entry.sequence < entry.sequence and other['key'] == own['key']:
                say(f'approval {approval} had been replaced by {other_entry.path}')

    def withdrawn_kinds(self, own_entry, own, until=None, until_after=None):
        """Which kinds of this approval were withdrawn, before the entry `until` if one is given, or up to `until_after`."""
        kinds = set()
        for entry, withdrawal in self._withdrawals_by(own['key'], until, until_after):
            if withdrawal['kinds'] == statements.KINDS_OF_MEDIA or entry.sequence > own_entry.sequence:
                kinds |= set(withdrawal['kinds'])
        return kinds

    def wholly_withdrawn(self, own_entry, own, until=None, until_after=None):
        """Nothing is left of it. One with an empty scope is withdrawn by one of all four kinds only, not by several that add up to them."""
        if own['scope']:
            return set(own['scope']) <= self.withdrawn_kinds(own_entry, own, until, until_after)
        return any(withdrawal['kinds'] == statements.KINDS_OF_MEDIA for _, withdrawal in self._withdrawals_by(own['key'], until, until_after))

    def _withdrawals_by(self, key, until, until_after):
        return [(entry, withdrawal) for entry, withdrawal in self.of_kind('withdrawal')
                if withdrawal['key'] == key and not (until and entry.sequence >= until.sequence or until_after and entry.sequence > until_after.sequence)]

    def erased(self):
        return {what for _, erased in self.of_kind('erased') for what in erased['what']}

    def check_withdrawals(self):
        erased, approvals = self.erased(), self.by_id('approval')
        for entry, statement in self.of_kind('erased'):
            if statement['key'] != self.room['service_key']:
                self.found('withdrawals', entry.path, 'is not signed by the service')
            if statement['reason'] != 'withdrawal':
                self.found('withdrawals', entry.path, f'gives the reason {statement["reason"]}, for which no bundle would be left')
        self._check_erased_for_a_withdrawal(approvals)
        for what in erased:
            path = f'data/keys/{what[8:]}.age' if what.startswith('wrapped:') else f'data/tracks/{what}'
            if path in self.bag:
                self.found('withdrawals', path, 'was erased and is still here')
        for approval, (own_entry, own) in approvals.items():
            for entry, take in self.of_kind('take'):
                if approval in take['approvals'] and self.wholly_withdrawn(own_entry, own, until=entry):
                    self.found('withdrawals', entry.path, f'records with approval {approval}, which had been withdrawn')
            for entry, track in self.of_kind('track'):
                if track['approval'] == approval and set(track['kinds']) & self.withdrawn_kinds(own_entry, own, entry):
                    self.found('withdrawals', entry.path, 'begins a track of what had been withdrawn')
            if own['scope'] and self.wholly_withdrawn(own_entry, own):
                self._check_gone(approval, erased)

    def _check_erased_for_a_withdrawal(self, approvals):
        """Every name belongs to an approval withdrawn as a whole."""
        whole_takes = self.room['withdrawal_erases'] == 'whole_takes'
        withdrawn = {approval for approval, pair in approvals.items() if self.wholly_withdrawn(*pair)}
        rosters = {take['take']: set(take['approvals']) for _, take in self.of_kind('take')}
        tracks = {track['name']: track for _, track in self.of_kind('track')}
        for entry, statement in self.of_kind('erased'):
            for what in statement['what']:
                if what.startswith('wrapped:'):
                    if what[8:] not in approvals:
                        self.found('withdrawals', entry.path, f'{what} is the key of no approval')
                    elif what[8:] not in withdrawn:
                        self.found('withdrawals', entry.path, f'{what} was erased, and nobody withdrew it')
                    continue
                track = tracks.get(what) or tracks.get(re.sub(r'\.tail\.age$', '.age', what))
                if track is None:
                    self.found('withdrawals', entry.path, f'{what} was never begun')
                    continue
                owners = {track['approval']} | (rosters.get(track['take'], set()) if whole_takes else set())
                if not owners & withdrawn:
                    self.found('withdrawals', entry.path, f'{what} was erased, and nobody withdrew')

    def _check_gone(self, approval, erased):
        path = f'data/keys/{approval}.age'
        if path in self.bag:
            self.found('withdrawals', path, 'is still here after its withdrawal')
        if f'wrapped:{approval}' not in erased:
            self.found('withdrawals', path, 'no statement says that its wrapped key was erased')
        takes = {take['take'] for _, take in self.of_kind('take') if approval in take['approvals']}
        for _, track in self.of_kind('track'):
            covered = track['approval'] == approval or self.room['withdrawal_erases'] == 'whole_takes' and track['take'] in takes
            for suffix in ('.age', '.tail.age'):
                path = f'data/tracks/{track["name"][:-4]}{suffix}'
                if covered and path in self.bag:
                    self.found('withdrawals', path, 'is still here after a withdrawal')
