"""FORMATS.md section 9, *Recorded on*: no frame of a take arrived after consent to it was over (`order`, `withdrawals`)."""

AFTER_ANSWER_MS, AFTER_ROW_MS, AFTER_EXPIRY_MS = 2_000, 15_000, 62_000


class ArrivalRules:
    """The part of a `Verification` (rules.py) that looks at when the last frame of each file arrived."""

    def check_arrivals(self):
        takes = {take['take']: (entry, take) for entry, take in self.of_kind('take')}
        approvals = self.by_id('approval')
        for entry, seal in self.of_kind('seal'):
            take_entry, take = takes.get(seal['take'], (None, None))
            if take is None or take_entry.sequence > entry.sequence:
                continue
            files = [file for file in seal['tracks'] if not file['empty']]
            named = [approvals[approval] for approval in take['approvals'] if approval in approvals]
            for end in [self.request['expires_ms'], *(own['expires_ms'] for _, own in named)]:
                self._recorded_on('order', entry, files, end + AFTER_EXPIRY_MS, 'the request or an approval of the take had expired')
            for room_entry, _ in self.rooms:
                if take_entry.index < room_entry.index < entry.index:
                    self._recorded_on('order', entry, files, room_entry.received_ms + AFTER_ROW_MS, f'the room had changed ({room_entry.path})')
            for own_entry, own in named:
                self._check_answers_during(take_entry, entry, files, own_entry, own)

    def _check_answers_during(self, take_entry, seal_entry, files, own_entry, own):
        for entry, said in self.of_kind('approval', 'refusal', 'withdrawal'):
            if said.id == own.id or said['key'] != own['key'] or not take_entry.sequence < entry.sequence < seal_entry.sequence:
                continue
            rule, ended = 'order', files
            if said.kind == 'withdrawal':
                rule, ended = 'withdrawals', self._ended_by(entry, files, own_entry, own)
            tolerance_ms = AFTER_ROW_MS if said.kind == 'approval' else AFTER_ANSWER_MS
            self._recorded_on(rule, seal_entry, ended, entry.received_ms + tolerance_ms, f'the {said.kind} {entry.path}')

    def _ended_by(self, withdrawal_entry, files, own_entry, own):
        """The files that a withdrawal ends: all of the take, or those of its owner that can hold nothing any more."""
        taken = self.withdrawn_kinds(own_entry, own, until_after=withdrawal_entry)
        left = set(own['scope']) - taken
        whole = self.wholly_withdrawn(own_entry, own, until_after=withdrawal_entry)
        if whole or not set(self.request['minimum_scope']) <= left:
            return files
        over = {track['name'] for _, track in self.of_kind('track') if set(track['kinds']) <= taken}
        return [file for file in files if file['approval'] == own.id and file['name'] in over]

    def _recorded_on(self, rule, seal_entry, files, end_ms, what):
        for file in files:
            if file['last_arrival_ms'] > end_ms:
                self.found(rule, seal_entry.path, f'{file["name"]}: frames arrived after {what}')
