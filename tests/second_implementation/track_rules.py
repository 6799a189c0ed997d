"""The rules of FORMATS.md section 9 about files that are sealed: `tracks`, `seals`, `keys`."""
import re

import agefile
from strict import Refused, base64url_bytes, decimal


def is_final(statement):
    return statement.kind == 'seal' and statement['take'] is None


class TrackRules:
    """The part of a `Verification` (rules.py) that looks at track files and wrapped keys."""

    def check_tracks(self):
        approvals, names, places = self.by_id('approval'), set(), set()
        for entry, track in self.of_kind('track'):
            say = lambda text: self.found('tracks', entry.path, text)
            takes = [(take_entry, take) for take_entry, take in self.of_kind('take') if take['take'] == track['take'] and take_entry.sequence < entry.sequence]
            if track['key'] != self.room['service_key']:
                say('is not signed by the service')
            if not takes:
                say('its take is not there before it')
            elif track['approval'] not in takes[0][1]['approvals']:
                say('belongs to an approval that its take does not name')
            if track['approval'] not in approvals:
                say('its approval is not there')
            else:
                own_entry, own = approvals[track['approval']]
                if own_entry.sequence > entry.sequence:
                    say('is older than its approval')
                if not set(track['kinds']) <= set(own['scope']):
                    say('may hold kinds of media that were not granted')
            place = (track['take'], track['approval'], track['file'])
            if not re.fullmatch(rf't{track["take"]:03d}-{track["approval"][:16]}-f{track["file"]:03d}\.(webm|mkv)\.age', track['name']):
                say('has a name that does not say what it is')
            if track['name'] in names or place in places:
                say('is there twice')
            names.add(track['name'])
            places.add(place)
            path = f'data/tracks/{track["name"]}'
            if path in self.bag:
                self.guarded('tracks', path, self._check_track_file, path, track)
        for path in self.bag.under('data/tracks/'):
            name = path[len('data/tracks/'):]
            if re.sub(r'\.tail\.age$', '.age', name) not in names:
                self.found('tracks', path, 'no statement is about this file')

    def _check_track_file(self, path, track):
        header = self.header(path)
        if header.sha256 != track['header_sha256']:
            raise Refused('its header is not the one of its track statement')
        self._check_one_recipient(header, 2)
        said = header.context('unavoce.track/v1', ['rec', 'take', 'approval', 'file'])
        if header.stanzas[0][0] != 'unavoce.track/v1' or said != [self.recording, str(track['take']), track['approval'], str(track['file'])]:
            raise Refused('its header names another recording, take, approval or file')
        agefile.plain_size(header, self.measured[path][1])
        tail = path[:-4] + '.tail.age'
        if tail in self.bag:
            self.guarded('tracks', tail, self._check_tail, path, header, tail)

    @staticmethod
    def _check_one_recipient(header, stanzas):
        if len(header.of_type('X25519')) != 1 or (stanzas and len(header.stanzas) != stanzas):
            raise Refused('is not sealed to exactly one recipient')

    def _check_tail(self, path, header, tail):
        own = self.header(tail)
        self._check_one_recipient(own, 2)
        track, chunk, fin = own.context('unavoce.tail/v1', ['track', 'chunk', 'fin'])
        if track != header.sha256:
            raise Refused('belongs to another track')
        final = base64url_bytes(fin, 2 + agefile.TAG)
        size = header.size + agefile.NONCE + decimal(chunk, 'chunk') * (agefile.CHUNK + agefile.TAG) + len(final)
        with self.bag.open(path) as file:
            file.seek(max(self.measured[path][1] - len(final), 0))
            if self.measured[path][1] != size or file.read() != final:
                raise Refused('does not continue its track where that ends')

    def check_seals(self):
        sealed, files = {}, {}
        tracks = {}
        for entry, track in self.of_kind('track'):
            tracks.setdefault((track['take'], track['name']), (entry, track))
        takes = {take['take']: entry for entry, take in self.of_kind('take')}
        final = None
        for entry, seal in self.of_kind('seal'):
            say = lambda text: self.found('seals', entry.path, text)
            if seal['key'] != self.room['service_key']:
                say('is not signed by the service')
            if seal['take'] is None:
                final = final or entry
                if seal['entries'] != entry.sequence + 1:
                    say(f'counts {seal["entries"]} entries, it is number {entry.sequence}')
                if seal['tracks']:
                    say('a final seal lists no tracks')
                continue
            sealed.setdefault(seal['take'], []).append(entry)
            if seal['take'] not in takes or takes[seal['take']].sequence > entry.sequence:
                say('its take is not there before it')
            for track in seal['tracks']:
                main = re.sub(r'\.(tail|idx)\.age$', '.age', track['name'])
                path = f'data/tracks/{track["name"]}'
                stated_entry, stated = tracks.get((seal['take'], main), (None, None))
                if stated is None or stated_entry.sequence > entry.sequence:
                    say(f'{track["name"]}: no track statement before it')
                elif (track['approval'], track['file']) != (stated['approval'], stated['file']):
                    self.found('seals', path, 'was sealed for another approval or file')
                elif main == track['name'] and track['header_sha256'] != stated['header_sha256']:
                    self.found('seals', path, 'was sealed with another header')
                if not track['empty'] and track['last_arrival_ms'] > seal['issued_ms']:
                    say(f'{track["name"]}: a frame arrived after it was sealed')
                files[track['name']] = track
                self._check_sealed_file(path, track)
        for number, entry in takes.items():
            if len(sealed.get(number, [])) != 1:
                self.found('seals', entry.path, f'was sealed {len(sealed.get(number, []))} times')
        for entry, track in self.of_kind('track'):
            if track['name'] not in files and track['name'] not in self.erased():
                self.found('seals', entry.path, f'{track["name"]} was never sealed')
        for path in self.bag.under('data/tracks/'):
            if path[len('data/tracks/'):] not in files:
                self.found('seals', path, 'was never sealed')
        if final is None:
            self.found('seals', 'data/entries', 'no final seal')
        for entry, statement in self.entries:
            if final and entry.sequence > final.sequence and statement.kind not in ('withdrawal', 'erased') and not is_final(statement):
                self.found('seals', entry.path, 'came after the final seal')

    def _check_sealed_file(self, path, track):
        if track['empty']:
            if path in self.bag:
                self.found('seals', path, 'was sealed as empty, but there is a file')
        elif path not in self.bag:
            if track['name'] not in self.erased():
                self.found('seals', path, 'is missing, and nothing says that it was erased')
        else:
            sha256, size = self.measured[path]
            if size != track['size_bytes'] or sha256 != track['sha256']:
                self.found('seals', path, 'is not the file that was sealed')
            header = self.guarded('seals', path, self.header, path)
            if header and header.sha256 != track['header_sha256']:
                self.found('seals', path, 'has not the header that was sealed')

    def check_keys(self):
        erased, approvals = self.erased(), self.by_id('approval')
        for path in self.bag.under('data/keys/'):
            approval = path[len('data/keys/'):-4]
            if approval not in approvals or not approvals[approval][1]['scope']:
                self.found('keys', path, 'no approval is about this key')
                continue
            if self.measured[path][0] != approvals[approval][1]['wrapped_sha256']:
                self.found('keys', path, 'is not the wrapped key that was approved')
            header = self.guarded('keys', path, self.header, path)
            if header and len(header.of_type('X25519')) != len(self.room['recipients']):
                self.found('keys', path, f'is not sealed to {len(self.room["recipients"])} recipients')
        for approval, (_, own) in approvals.items():
            path = f'data/keys/{approval}.age'
            if own['scope'] and path not in self.bag and f'wrapped:{approval}' not in erased:
                self.found('keys', path, 'is missing, and nothing says that it was erased')
