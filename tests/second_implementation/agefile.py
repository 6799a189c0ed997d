"""age v1 files (c2sp.org/age) as far as one can see without a key, and the `age` program for the rest."""
import hashlib
import os
import re
import subprocess
from dataclasses import dataclass

from strict import Refused, need

CHUNK, TAG, NONCE = 64 * 1024, 16, 16
LONGEST_HEADER = 64 * 1024


@dataclass
class Header:
    size: int
    sha256: str
    stanzas: list  # (type, [arguments], body text)

    def of_type(self, name):
        return [stanza for stanza in self.stanzas if stanza[0] == name]

    def context(self, name, keys):
        """`key=value` arguments of the file's only stanza of this type."""
        found = self.of_type(name)
        need(len(found) == 1, f'not exactly one stanza {name}')
        need(found[0][2] == '', f'the stanza {name} has a body')
        pairs = [argument.partition('=')[::2] for argument in found[0][1]]
        need([key for key, _ in pairs] == keys, f'the stanza {name} has not the arguments {", ".join(keys)}')
        return [value for _, value in pairs]


def parse_header(file):
    data = file.read(LONGEST_HEADER)
    end = data.find(b'\n--- ')
    need(data.startswith(b'age-encryption.org/v1\n') and end >= 0, 'not an age file')
    size = data.find(b'\n', end + 1) + 1
    need(re.fullmatch(rb'--- [A-Za-z0-9+/]{43}\n', data[end + 1:size]) is not None, 'age header: not a MAC line')
    lines, stanzas = data[:end].decode('ascii', 'replace').split('\n')[1:], []
    while lines:
        words = lines.pop(0).split(' ')
        need(words[0] == '->' and len(words) > 1 and all(re.fullmatch('[!-~]+', word) for word in words[1:]), 'age header: not a stanza')
        body = ''
        while True:
            need(lines and re.fullmatch('[A-Za-z0-9+/]{0,64}', lines[0]) is not None, 'age header: not the body of a stanza')
            line = lines.pop(0)
            body += line
            if len(line) < 64:
                break
        stanzas.append((words[1], words[2:], body))
    return Header(size, hashlib.sha256(data[:size]).hexdigest(), stanzas)


def plain_size(header, file_size):
    """Bytes of plaintext, from the sizes alone."""
    sealed = file_size - header.size - NONCE
    chunks = -(-sealed // (CHUNK + TAG))
    need(sealed >= TAG and sealed - chunks * TAG >= 0, 'age file: cut off')
    return sealed - chunks * TAG


IDENTITY_LINE = re.compile('AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}')


def first_identity(text):
    """Nothing but a native identity ever reaches `age`: a plugin line would run a program."""
    found = [line for line in text.split('\n') if IDENTITY_LINE.fullmatch(line)]
    need(len(found) == 1, 'not exactly one age identity')
    return found[0]


class Identity:
    """A secret key in a file of mode 0600, for `age -i`."""

    def __init__(self, secret_line, path):
        self.path = path
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w', encoding='ascii') as file:
            file.write(secret_line + '\n')

    def recipient(self):
        done = subprocess.run(['age-keygen', '-y', self.path], capture_output=True, check=False)
        need(done.returncode == 0, 'not an identity that age-keygen knows')
        return done.stdout.decode().strip()

    def open(self, file, consume):
        """Hands the plaintext of an age file to `consume`, piece by piece; raises if it is not authentic to its end."""
        with subprocess.Popen(['age', '-d', '-i', self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as age:
            _feed(age, file, consume)
            complaint = age.stderr.read().decode(errors='replace').strip().split('\n')[0]
        if age.returncode != 0:
            raise Refused(f'does not open: {complaint}')


def _feed(age, file, consume):
    """age reads while it writes: somebody has to pump on both sides."""
    import threading

    def pump():
        try:
            while piece := file.read(CHUNK):
                age.stdin.write(piece)
            age.stdin.close()
        except BrokenPipeError:
            pass  # age gave up; its exit code says so

    pumping = threading.Thread(target=pump)
    pumping.start()
    while piece := age.stdout.read(CHUNK):
        consume(piece)
    pumping.join()
