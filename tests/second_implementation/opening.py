"""The rule `opening` of FORMATS.md section 9: with the room key every wrapped consent key opens, and with that its tracks."""
import hashlib
import os
import re
import tempfile

import agefile
from strict import Refused


class Opening:
    """Opens what a verification found. Secrets lie in files of mode 0600 in a folder of their own, and only while it runs."""

    def __init__(self, verification):
        self.verification, self.bag = verification, verification.bag

    def run(self):
        guarded, approvals = self.verification.guarded, self.verification.by_id('approval')
        with tempfile.TemporaryDirectory(prefix='unavoce-reader-') as folder:
            room = agefile.Identity(self.verification.room_key.secret_line, os.path.join(folder, 'room'))
            for path in self.bag.under('data/keys/'):
                approval = path[len('data/keys/'):-4]
                if approval not in approvals:
                    continue
                consent = guarded('opening', path, self._unwrap, path, approvals[approval][1], room, os.path.join(folder, approval))
                for _, track in self.verification.of_kind('track'):
                    track_path = f'data/tracks/{track["name"]}'
                    if consent and track['approval'] == approval and track_path in self.bag:
                        guarded('opening', track_path, self._open_track, track_path, consent)

    def _unwrap(self, path, approval, room, identity_path):
        document = bytearray()
        with self.bag.open(path) as file:
            room.open(file, document.extend)
        if len(document) > 4096:
            raise Refused('the wrapped document is larger than 4 KiB')
        text = document.decode('utf-8', 'strict')
        lines = text.removesuffix('\n').split('\n')
        if not agefile.IDENTITY_LINE.fullmatch(lines[0]) or not all(re.fullmatch('# .*?: [^\x00-\x1f\x7f]*', line) for line in lines[1:]):
            raise Refused('the wrapped document is not an identity and `# key: value` lines')
        said = dict(line[2:].split(': ', 1) for line in lines[1:])
        if len(said) != len(lines) - 1:
            raise Refused('the wrapped document says something twice')
        if said.get('request') != approval['request'] or said.get('participant') != approval['key']:
            raise Refused('was made for another request or by somebody else')
        consent = agefile.Identity(lines[0], identity_path)
        if consent.recipient() != approval['consent_recipient']:
            raise Refused('holds another key than the one that was approved')
        self.verification.names[approval.id] = said.get('name', '')
        return consent

    def _open_track(self, path, consent):
        """The media of a track: the main file, and where it was interrupted, all of it but `EC 80`, and the tail (section 5)."""
        name = path[len('data/tracks/'):-len('.age')]
        media = Media(self.verification.opened_folder and os.path.join(self.verification.opened_folder, name))
        try:
            with self.bag.open(path) as file:
                consent.open(file, media.add)
            tail = path[:-4] + '.tail.age'
            if tail in self.bag:
                media.cut(b'\xec\x80')
                with self.bag.open(tail) as file:
                    consent.open(file, media.add)
            self.verification.opened[name] = media.finish()
        except Refused:
            media.give_up()
            raise


class Media:
    """Plaintext on its way to a file, if one is wanted, and to its hash. The last two bytes are held back: they may not belong to it."""

    def __init__(self, path):
        self.path, self.file = path, open(path, 'xb') if path else None
        self.digest, self.size, self.held = hashlib.sha256(), 0, b''

    def add(self, piece):
        piece = self.held + piece
        piece, self.held = piece[:-2], piece[-2:]
        self._write(piece)

    def _write(self, piece):
        self.digest.update(piece)
        self.size += len(piece)
        if self.file:
            self.file.write(piece)

    def cut(self, end):
        if self.held != end:
            raise Refused('an interrupted file does not end in an empty Void')
        self.held = b''

    def finish(self):
        self._write(self.held)
        if self.file:
            self.file.close()
        return {'sha256': self.digest.hexdigest(), 'size_bytes': self.size}

    def give_up(self):
        if self.file:
            self.file.close()
            os.unlink(self.path)
