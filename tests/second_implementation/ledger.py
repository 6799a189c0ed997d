"""FORMATS.md section 4: signed checkpoints (C2SP signed-note, tlog-checkpoint), proofs (C2SP tlog-proof, RFC 6962), entries."""
import hashlib
import hmac
from dataclasses import dataclass

import ed25519
from strict import base64_bytes, base64url_bytes, decimal, fields, need, parse_json


@dataclass
class Verifier:
    """A C2SP verifier key: `name+hex key id+base64(0x01 || public key)`."""
    name: str
    key_id: bytes
    key: bytes

    @classmethod
    def parse(cls, text):
        parts = text.split('+', 2)
        need(len(parts) == 3, 'vkey: not name+id+key')
        data = base64_bytes(parts[2], 33)
        need(data[0] == 1, 'vkey: not of type Ed25519')
        key_id = hashlib.sha256(parts[0].encode() + b'\n' + data).digest()[:4]
        need(parts[1] == key_id.hex(), 'vkey: the id is not of this name and key')
        return cls(parts[0], key_id, data[1:])


@dataclass
class Checkpoint:
    size: int
    root: bytes


def parse_checkpoint(note, verifier):
    text = note.decode('utf-8', 'strict')
    need(not any(ord(letter) < 32 and letter != '\n' for letter in text), 'checkpoint: control characters')
    body, separator, signatures = text.rpartition('\n\n')
    need(separator and signatures.endswith('\n'), 'checkpoint: not a signed note')
    good = False
    for line in signatures[:-1].split('\n'):
        parts = line.split(' ')
        need(len(parts) == 3 and parts[0] == '—' and parts[1], 'checkpoint: not a signature line')
        signature = base64_bytes(parts[2])
        if parts[1] == verifier.name and signature[:4] == verifier.key_id:
            need(ed25519.verify(verifier.key, (body + '\n').encode(), signature[4:]), 'checkpoint: the signature is wrong')
            need(not good, 'checkpoint: signed twice by one key')
            good = True
    need(good, 'checkpoint: not signed by the ledger')
    lines = body.split('\n')
    need(len(lines) >= 3 and all(lines), 'checkpoint: fewer than three lines, or an empty one')
    need(lines[0] == verifier.name, 'checkpoint: another origin')
    return Checkpoint(decimal(lines[1], 'checkpoint'), base64_bytes(lines[2], 32))


def parse_proof(text):
    """-> index, hashes, checkpoint note."""
    head, separator, note = text.partition('\n\n')
    lines = head.split('\n')
    need(separator and lines[0] == 'c2sp.org/tlog-proof@v1', 'proof: not a tlog-proof')
    if len(lines) > 1 and lines[1].startswith('extra '):
        base64_bytes(lines[1][6:])
        del lines[1]
    need(len(lines) > 1 and lines[1].startswith('index '), 'proof: no index')
    return decimal(lines[1][6:], 'proof'), [base64_bytes(line, 32) for line in lines[2:]], note.encode()


def commitment(r, entry):
    return hmac.digest(r, b'unavoce/leaf/v1\0' + hashlib.sha256(entry).digest(), 'sha256')


def root_of(leaf_data, index, size, hashes):
    """The root that an audit path leads to (RFC 9162 section 2.1.3.2, for the tree of RFC 6962)."""
    need(index < size, 'proof: the index is not in the tree')
    node, last = index, size - 1
    root = hashlib.sha256(b'\0' + leaf_data).digest()
    for sibling in hashes:
        need(last > 0, 'proof: too long')
        if node & 1 or node == last:
            root = hashlib.sha256(b'\1' + sibling + root).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = hashlib.sha256(b'\1' + root + sibling).digest()
        node, last = node >> 1, last >> 1
    need(last == 0, 'proof: too short')
    return root


def parse_consistency(data):
    """FORMATS.md section 6, `data/consistency/<size>`: the hashes, each in base64 on a line."""
    need(data.endswith(b'\n'), 'consistency proof: does not end in a line feed')
    hashes = [base64_bytes(line, 32) for line in data[:-1].decode('ascii', 'strict').split('\n')]
    need(len(hashes) <= 63, 'consistency proof: more than 63 hashes')
    return hashes


def roots_of(size, root, new_size, hashes):
    """The roots of the smaller and the larger tree to which a consistency proof leads, by the recursion of RFC 6962 section 2.1.2, read backwards.

    `root` is the smaller tree's as somebody says it is; it is believed only where the proof leaves it out.
    """
    rest = list(hashes)

    def take():
        need(rest, 'consistency proof: too short')
        return rest.pop()

    def roots(old, new, is_whole_tree):
        if old == new:
            only = root if is_whole_tree else take()
            return only, only
        split = 1 << (new - 1).bit_length() - 1
        if old <= split:
            right = take()
            smaller, larger = roots(old, split, is_whole_tree)
            return smaller, hashlib.sha256(b'\1' + larger + right).digest()
        left = take()
        smaller, larger = roots(old - split, new - split, False)
        return tuple(hashlib.sha256(b'\1' + left + right).digest() for right in (smaller, larger))

    found = roots(size, new_size, True)
    need(not rest, 'consistency proof: too long')
    return found


def check_beginning(size, root, checkpoint, proof):
    """The tree that somebody had seen is the beginning of the checkpoint's. `proof` gives the bytes of the proof where one is needed."""
    need(size <= checkpoint.size, f'{size} entries were seen, and there are only {checkpoint.size}')
    if size == 0:
        need(root == hashlib.sha256().digest(), 'the empty tree has another root')
    elif size == checkpoint.size:
        need(root == checkpoint.root, 'the checkpoint of this size has another root')
    else:
        need(roots_of(size, root, checkpoint.size, parse_consistency(proof())) == (root, checkpoint.root), 'what was seen is not the beginning of this ledger')


@dataclass
class Entry:
    """An entry file, opened: `data/entries/….json`."""
    path: str
    index: int
    commitment: bytes
    recording: str
    sequence: int
    previous: str
    received_ms: int
    kind: str
    envelope: bytes
    hashes: list
    note: bytes


def parse_entry(path, data):
    index, entry64, r64, kind, envelope64, proof = fields(parse_json(data), ['index', 'entry', 'r', 'kind', 'envelope', 'proof'], 'entry file')
    entry, envelope = base64_bytes(entry64), base64_bytes(envelope64)
    recording, sequence, previous, received_ms, entry_kind, envelope_sha256 = fields(
        parse_json(entry), ['recording', 'sequence', 'previous', 'received_ms', 'kind', 'envelope_sha256'], 'entry')
    need(all(type(number) is int and number >= 0 for number in (index, sequence, received_ms)), 'entry: not a number')
    need(previous is None or isinstance(previous, str), 'entry: previous is no digest')
    need(kind == entry_kind, 'entry file: another kind than its entry')
    need(envelope_sha256 == hashlib.sha256(envelope).hexdigest(), 'entry: is about another envelope')
    need(isinstance(proof, str), 'entry file: the proof is no text')
    proof_index, hashes, note = parse_proof(proof)
    need(proof_index == index, 'the proof is about another leaf')
    return Entry(path, index, commitment(base64_bytes(r64, 32), entry), recording, sequence, previous, received_ms, kind, envelope, hashes, note)


def check_inclusion(entry, checkpoint):
    need(root_of(entry.commitment, entry.index, checkpoint.size, entry.hashes) == checkpoint.root, 'the proof does not lead to the checkpoint')
