"""The second implementation beside ours: `python3 reader_test.py RECORDINGS_PROGRAM UNAVOCE_PROGRAM [unittest arguments]`.

RECORDINGS_PROGRAM is built from recordings.cpp and the cases beside it, and writes recordings, good ones and bad ones. Both implementations must say the same of each.
"""
import contextlib
import functools
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import bag as bags  # noqa: E402
import ed25519  # noqa: E402
import statements  # noqa: E402
from ledger import root_of, roots_of  # noqa: E402
from rules import Verification  # noqa: E402
from strict import Refused, base64_bytes, base64url_bytes, parse_json  # noqa: E402

READER = [sys.executable, '-B', '-I', str(HERE / 'unavoce_reader.py')]
PROGRAMS = {}


@functools.lru_cache(None)
def made():
    """The folder with all recordings, made once and kept to the end."""
    folder = tempfile.TemporaryDirectory(prefix='unavoce-test-')
    subprocess.run([PROGRAMS['recordings'], folder.name], check=True)
    return folder


def recordings():
    return Path(made().name)


def bag_of(case):
    return next(case.glob('unavoce-*'))


def cases(verdict):
    return sorted((recordings() / verdict).iterdir())


def run_json(command):
    done = subprocess.run(command, capture_output=True, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


def reader(path, *flags):
    return run_json([*READER, '--json', *flags, str(path)])


def unavoce_verify(path, *flags):
    return run_json([PROGRAMS['unavoce'], 'verify', '--json', *flags, str(path)])


def failed_rules(result):
    return [rule['rule'] for rule in result.get('rules', []) if rule['verdict'] == 'failed']


def verify_here(path):
    """All findings, without a new process: flips are many."""
    try:
        verification = Verification(bags.Bag(str(path))).run()
    except Refused as error:
        return [str(error)]
    return [finding for findings in verification.findings.values() for finding in findings]


def files_of(bag):
    return sorted(path.relative_to(bag).as_posix() for path in bag.rglob('*') if path.is_file())


def make_manifests_fit(bag):
    """The forger who knows BagIt."""
    def line(path):
        return f'{hashlib.sha256((bag / path).read_bytes()).hexdigest()}  {path}\n'
    files = files_of(bag)
    (bag / 'manifest-sha256.txt').write_text(''.join(line(path) for path in files if path.startswith('data/')))
    (bag / 'tagmanifest-sha256.txt').write_text(''.join(line(path) for path in files if not path.startswith(('data/', 'tagmanifest'))))


@contextlib.contextmanager
def changed(path, content):
    original = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(original)


def flipped(content, offset, mask=1):
    return content[:offset] + bytes([content[offset] ^ mask]) + content[offset + 1:]


def tree(leaves):
    """MTH of RFC 6962 section 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b'\0' + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b'\1' + tree(leaves[:split]) + tree(leaves[split:])).digest()


class Ed25519(unittest.TestCase):
    VECTORS = [line.split() for line in (HERE / 'rfc8032.txt').read_text().splitlines() if line and not line.startswith('#')]

    def test_the_vectors_of_rfc_8032_verify(self):
        self.assertEqual(len(self.VECTORS), 4)
        for seed, key, message, signature in self.VECTORS:
            message = b'' if message == '-' else bytes.fromhex(message)
            self.assertEqual(ed25519.public_key_of(bytes.fromhex(seed)).hex(), key)
            self.assertTrue(ed25519.verify(bytes.fromhex(key), message, bytes.fromhex(signature)))
            for offset in range(0, 64, 7):
                self.assertFalse(ed25519.verify(bytes.fromhex(key), message, flipped(bytes.fromhex(signature), offset)))
            self.assertFalse(ed25519.verify(bytes.fromhex(key), message + b'x', bytes.fromhex(signature)))

    def test_a_second_spelling_of_a_signature_is_refused(self):
        _, key, message, signature = self.VECTORS[1]
        signature = bytes.fromhex(signature)
        s = int.from_bytes(signature[32:], 'little') + ed25519.L
        self.assertFalse(ed25519.verify(bytes.fromhex(key), bytes.fromhex(message), signature[:32] + s.to_bytes(32, 'little')))

    def test_keys_of_small_order_are_refused(self):
        self.assertFalse(ed25519.is_public_key((1).to_bytes(32, 'little')))
        self.assertFalse(ed25519.is_public_key(bytes(32)))
        self.assertFalse(ed25519.is_public_key((ed25519.P - 1).to_bytes(32, 'little')))


class Notation(unittest.TestCase):
    def test_json_is_strict(self):
        for text in ('[]', '{"a":1,"a":1}', '{"a":1.0}', '{"a":1e2}', '{"a":9007199254740992}', '{"a":NaN}', '{"a":"\\ud800"}', '{} x', '{"a":-0}', ''):
            with self.subTest(text), self.assertRaises(Refused):
                parse_json(text.encode())
        with self.assertRaises(Refused):
            parse_json(b'{"a":"\xff"}')

    def test_base64_has_one_spelling(self):
        for text in ('AA', 'AB==', 'AA==\n', 'A A='):
            with self.subTest(text), self.assertRaises(Refused):
                base64_bytes(text)
        with self.assertRaises(Refused):
            base64url_bytes('A' * 42 + 'B')

    def test_pae_is_that_of_dsse(self):
        self.assertEqual(statements.pae(b'http://example.com/HelloWorld', b'hello world'), b'DSSEv1 29 http://example.com/HelloWorld 11 hello world')

    def test_proofs_of_trees_of_every_small_size(self):
        def path(index, leaves):
            if len(leaves) == 1:
                return []
            split = 1 << (len(leaves) - 1).bit_length() - 1
            return path(index, leaves[:split]) + [tree(leaves[split:])] if index < split else path(index - split, leaves[split:]) + [tree(leaves[:split])]

        for size in range(1, 20):
            leaves = [bytes([number]) * 32 for number in range(size)]
            for index in range(size):
                self.assertEqual(root_of(leaves[index], index, size, path(index, leaves)), tree(leaves))

    def test_consistency_of_trees_of_every_small_size(self):
        def subproof(old, leaves, is_whole_tree):
            if old == len(leaves):
                return [] if is_whole_tree else [tree(leaves)]
            split = 1 << (len(leaves) - 1).bit_length() - 1
            if old <= split:
                return subproof(old, leaves[:split], is_whole_tree) + [tree(leaves[split:])]
            return subproof(old - split, leaves[split:], False) + [tree(leaves[:split])]

        for size in range(1, 20):
            leaves = [bytes([number]) * 32 for number in range(size)]
            for old in range(1, size):
                proof, roots = subproof(old, leaves, True), (tree(leaves[:old]), tree(leaves))
                self.assertEqual(roots_of(old, roots[0], size, proof), roots)
                self.assertNotEqual(roots_of(old, bytes(32), size, proof), (bytes(32), roots[1]))
                for number, sibling in enumerate(proof):
                    self.assertNotEqual(roots_of(old, roots[0], size, proof[:number] + [flipped(sibling, number)] + proof[number + 1:]), roots)
                for wrong in (proof[:-1], proof[1:], proof + [bytes(32)]):
                    with self.assertRaises(Refused):
                        roots_of(old, roots[0], size, wrong)


class Recordings(unittest.TestCase):
    def test_good_recordings_pass_and_open_to_what_unavoce_opens(self):
        for case in cases('good'):
            with self.subTest(case.name), tempfile.TemporaryDirectory() as folder:
                key = str(case / 'room.key')
                ours = Path(folder) / 'ours'
                ours.mkdir()
                if (bag_of(case) / 'data/tracks').exists():  # else there is nothing to open
                    subprocess.run([PROGRAMS['unavoce'], 'open', '--key', key, '-o', ours, bag_of(case)], check=True, capture_output=True)
                expected = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in ours.iterdir()}
                for path in (bag_of(case), case / 'bundle.tar'):
                    status, result = reader(path, '--key', key)
                    self.assertEqual((status, failed_rules(result)), (0, []), result)
                    self.assertEqual({name: media['sha256'] for name, media in result['opened'].items()}, expected)
                    theirs_status, theirs = unavoce_verify(path, '--key', key)
                    self.assertEqual((theirs_status, theirs['fingerprint'], theirs['notes']), (0, result['fingerprint'], result['notes']))
                    names = ('participant', 'role', 'answer', 'statement', 'scope', 'takes', 'tracks')
                    self.assertEqual(*[[[line[name] for name in names] for line in lines] for lines in (result['participants'], theirs['participants'])])

    def test_open_writes_the_media(self):
        case = recordings() / 'good' / 'interrupted'
        with tempfile.TemporaryDirectory() as folder:
            status, result = reader(bag_of(case), '--key', str(case / 'room.key'), '--open', folder)
            self.assertEqual(status, 0)
            self.assertEqual({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path(folder).iterdir()},
                             {name: media['sha256'] for name, media in result['opened'].items()})
            self.assertEqual([media['size_bytes'] for media in result['opened'].values()], [200_000, 200_000])

    def test_bad_recordings_fail_by_the_same_rules(self):
        for case in cases('bad'):
            with self.subTest(case.name):
                flags = ['--key', str(case / 'room.key')] if case.name.startswith('key-') else []
                status, result = reader(bag_of(case), *flags)
                theirs_status, theirs = unavoce_verify(bag_of(case), *flags)
                self.assertEqual((status, failed_rules(result)), (theirs_status, failed_rules(theirs)), f'\n{result}\n{theirs}')
                self.assertEqual(status, 1)

    def test_another_rooms_key_fails(self):
        good = cases('good')
        status, result = reader(bag_of(good[0]), '--key', str(good[1] / 'room.key'))
        self.assertEqual(status, 1)
        self.assertIn('opening', failed_rules(result))

    def test_exit_codes(self):
        self.assertEqual(subprocess.run([*READER, '/nowhere'], capture_output=True, check=False).returncode, 2)
        self.assertEqual(subprocess.run([*READER], capture_output=True, check=False).returncode, 2)
        self.assertEqual(subprocess.run([*READER, __file__], capture_output=True, check=False).returncode, 1)
        done = subprocess.run([*READER, bag_of(cases('good')[0])], capture_output=True, check=False, text=True)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout.endswith('in order\n'))


class Damage(unittest.TestCase):
    """Somebody changes files of a bundle, with and without manifests that fit afterwards."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        original = bag_of(recordings() / 'good' / 'interrupted')
        self.bag = Path(self.folder.name) / original.name
        shutil.copytree(original, self.bag)
        self.random = random.Random(8493)

    def offsets(self, size):
        return sorted({0, size // 2, size - 1, *(self.random.randrange(size) for _ in range(5))})

    def agree(self, what):
        """Both say no, when the manifests fit as well as they can."""
        make_manifests_fit(self.bag)
        found, (status, _) = verify_here(self.bag), unavoce_verify(self.bag)
        self.assertEqual((bool(found), status), (True, 1), what)
        return found

    def test_one_flipped_byte_in_any_file_is_found(self):
        self.assertEqual(verify_here(self.bag), [])
        for path in files_of(self.bag):
            content = (self.bag / path).read_bytes()
            for offset in self.offsets(len(content)):
                with changed(self.bag / path, flipped(content, offset)), self.subTest(path, offset=offset):
                    found = verify_here(self.bag)
                    self.assertTrue(any(path in finding for finding in found), found)
                    self.assertEqual(unavoce_verify(self.bag)[0], 1)

    def test_one_flipped_byte_is_found_even_if_the_manifests_fit(self):
        for path in files_of(self.bag):
            if not path.startswith('data/') or path == 'data/summary.html':  # what nobody signs
                continue
            content = (self.bag / path).read_bytes()
            for offset in self.offsets(len(content)):
                with changed(self.bag / path, flipped(content, offset)), self.subTest(path, offset=offset):
                    found = self.agree(path)
                    self.assertTrue(any(path in finding for finding in found), found)

    def test_a_missing_file_is_found(self):
        for path in files_of(self.bag):
            with self.subTest(path):
                content = (self.bag / path).read_bytes()
                (self.bag / path).unlink()
                self.assertNotEqual(verify_here(self.bag), [])
                self.assertEqual(unavoce_verify(self.bag)[0], 1)
                if path.startswith('data/') and path != 'data/summary.html':
                    self.agree(path)
                (self.bag / path).write_bytes(content)
                make_manifests_fit(self.bag)
        self.assertEqual(verify_here(self.bag), [])

    def test_an_added_file_is_found(self):
        for path in ('data/tracks/t009-0000000000000000-f001.webm.age', f'data/keys/{"0" * 64}.age', 'data/notes.txt', 'data/consistency/1', 'data/consistency/02', 'data/entries/000099.json', 'evil.txt', '.hidden'):
            with self.subTest(path):
                (self.bag / path).write_bytes((self.bag / 'data/entries/000001.json').read_bytes())
                self.assertNotEqual(verify_here(self.bag), [])
                self.agree(path)
                (self.bag / path).unlink()
                make_manifests_fit(self.bag)

    def test_files_that_changed_places_are_found(self):
        for folder in ('tracks', 'keys', 'entries', 'consistency'):
            files = sorted((self.bag / 'data' / folder).iterdir())
            for one, other in zip(files, files[1:]):
                with self.subTest(one.name), changed(one, other.read_bytes()), changed(other, one.read_bytes()):
                    self.agree(one.name)

    def test_a_swap_is_a_swap(self):
        one, other = sorted((self.bag / 'data/tracks').glob('*.webm.age'))
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
        found = self.agree('swapped tracks')
        self.assertTrue(any(one.name in finding for finding in found) and any(other.name in finding for finding in found), found)

    def test_links_are_refused(self):
        (self.bag / 'data/keys/link.age').symlink_to('/etc/hostname')
        self.assertNotEqual(verify_here(self.bag), [])
        self.assertEqual(unavoce_verify(self.bag)[0], 1)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    PROGRAMS['recordings'], PROGRAMS['unavoce'] = sys.argv[1:3]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)


if __name__ == '__main__':
    main()
