"""FORMATS.md section 6: a recording bundle, which is a BagIt 1.0 bag (RFC 8493), as a folder or as a tar."""
import hashlib
import io
import os
import re
import stat
import tarfile

from strict import Refused, need

BAGIT_TXT = b'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n'
MANIFEST, TAG_MANIFEST = 'manifest-sha256.txt', 'tagmanifest-sha256.txt'
TAG_FILES = ['bag-info.txt', 'bagit.txt', MANIFEST]

DATA_FILES = [re.compile(pattern) for pattern in (
    r'data/(ledger\.vkey|checkpoint|summary\.html)', r'data/entries/(room-)?\d{6}\.json', r'data/consistency/[1-9]\d{0,15}', r'data/keys/[0-9a-f]{64}\.age',
    r'data/tracks/(?!\.)[a-z0-9.-]{1,96}\.age')]


class Bag:
    """Files by path; `open(path)` gives a binary file."""

    def __init__(self, path):
        self.entries = {}  # path -> function that opens it
        self.name = ''
        if os.path.isdir(path):
            self._read_folder(path)
        else:
            self._read_tar(path)

    def __contains__(self, path):
        return path in self.entries

    def open(self, path):
        return self.entries[path]()

    def read(self, path, limit=4 * 1024 * 1024):
        with self.open(path) as file:
            data = file.read(limit + 1)
        need(len(data) <= limit, f'{path}: larger than {limit} bytes')
        return data

    def under(self, folder):
        return sorted(path for path in self.entries if path.startswith(folder))

    def _add(self, path, opener):
        plain = re.fullmatch('[!-~]{1,255}', path) and not re.search(r'[%\\]', path) and all(part not in ('', '.', '..') for part in path.split('/'))
        need(plain, f'{path[:100]!r} is no plain relative path')
        need(path not in self.entries, f'{path} is there twice')
        self.entries[path] = opener

    def _read_folder(self, top):
        self.name = os.path.basename(os.path.abspath(top))
        for folder, folders, files in os.walk(top):
            for name in folders + files:
                path = os.path.join(folder, name)
                mode = os.lstat(path).st_mode
                need(stat.S_ISREG(mode) or stat.S_ISDIR(mode), f'{path} is a link or a special file')
                if stat.S_ISREG(mode):
                    self._add(os.path.relpath(path, top), lambda path=path: open(path, 'rb'))

    def _read_tar(self, path):
        try:
            tar = tarfile.open(path, 'r:')
            members = tar.getmembers()
        except tarfile.TarError as error:
            raise Refused(f'not a tar: {error}') from None
        for member in members:
            need(member.isdir() or (member.isreg() and not member.issparse()), f'{member.name} is a link, special or sparse file')
            top, _, rest = member.name.partition('/')
            self.name = self.name or top
            need(top == self.name, f'{member.name} is outside of the top folder')
            if member.isreg():
                need(rest, f'{member.name} is outside of the top folder')
                self._add(rest, lambda member=member: tar.extractfile(member))


def hash_of(file):
    digest, size = hashlib.sha256(), 0
    while piece := file.read(1 << 20):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def parse_manifest(data):
    """The one spelling: lower-case hash, two spaces, path, LF, sorted by path."""
    found, last = {}, ''
    for line in io.StringIO(data.decode('ascii', 'replace'), newline='\n'):
        match = re.fullmatch('([0-9a-f]{64})  ([!-~]+)\n', line)
        need(match is not None and not re.search(r'[%\\]', match[2]), 'not a manifest in its one spelling')
        need(match[2] > last, 'not sorted by path')
        last = match[2]
        found[match[2]] = match[1]
    return found


def check(bag, found):
    """Both manifests both ways; `found(path, text)` hears of everything wrong. Returns path -> (sha256, size)."""
    measured = {}
    for path in bag.entries:
        with bag.open(path) as file:
            measured[path] = hash_of(file)
    if 'bagit.txt' in bag and bag.read('bagit.txt') != BAGIT_TXT:
        found('bagit.txt', 'is not that of BagIt 1.0 in UTF-8')
    for manifest, covers in ((MANIFEST, lambda path: path.startswith('data/')), (TAG_MANIFEST, lambda path: path in TAG_FILES)):
        if manifest not in bag:
            found(manifest, 'is missing')
            continue
        try:
            listed = parse_manifest(bag.read(manifest))
        except Refused as error:
            found(manifest, str(error))
            continue
        for path in sorted(set(listed) | {path for path in bag.entries if covers(path)}):
            if path not in listed:
                found(path, f'was added: {manifest} does not list it')
            elif not covers(path):
                found(path, f'has no place in {manifest}')
            elif path not in bag:
                found(path, 'is missing')
            elif measured[path][0] != listed[path]:
                found(path, f'was changed, or {manifest} was')
    for path in ('bagit.txt', MANIFEST, 'data/ledger.vkey', 'data/checkpoint'):
        if path not in bag:
            found(path, 'is missing')
    for path in bag.entries:
        if path not in TAG_FILES + [TAG_MANIFEST] and not any(pattern.fullmatch(path) for pattern in DATA_FILES):
            found(path, 'has no place in a bundle')
    return measured
