"""FORMATS.md section 2: DSSE envelopes, and what each kind of statement says."""
import hashlib
import re
from dataclasses import dataclass

import ed25519
from strict import Refused, base64_bytes, base64url_bytes, fields, need, parse_json

KINDS_OF_MEDIA = ['audio', 'video', 'screen', 'chat']
REASONS = ['stopped', 'late_join', 'left', 'refused', 'withdrawn', 'new_approval', 'expired', 'host_left', 'room_changed', 'interrupted', 'fault', 'ended']
HIDDEN = re.compile('[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]')


# ---- what a value may be; each takes (value, where) and raises Refused

def text(low, high, newlines=False):
    def check(value, where):
        need(isinstance(value, str) and low <= len(value) <= high, f'{where}: not a text of {low} to {high} characters')
        need(not HIDDEN.search(value.replace('\n', '') if newlines else value), f'{where}: holds characters that hide or reorder text')
    return check


def matching(pattern):
    def check(value, where):
        need(isinstance(value, str) and re.fullmatch(pattern, value) is not None, f'{where}: not of the form {pattern}')
    return check


def one_of(*words):
    def check(value, where):
        need(isinstance(value, str) and value in words, f'{where}: none of {", ".join(words)}')
    return check


def integer(low=0, high=2**53 - 1):
    def check(value, where):
        need(type(value) is int and low <= value <= high, f'{where}: not an integer from {low} to {high}')
    return check


def list_of(item, low, high, distinct=None):
    def check(value, where):
        need(isinstance(value, list) and low <= len(value) <= high, f'{where}: not a list of {low} to {high}')
        for element in value:
            item(element, where)
        if distinct:
            values = [distinct(element) for element in value]
            need(len(set(values)) == len(values), f'{where}: lists something twice')
    return check


def object_of(**rules):
    def check(value, where):
        for name, element in zip(rules, fields(value, list(rules), where)):
            rules[name](element, f'{where}.{name}')
    return check


def nullable(rule):
    return lambda value, where: None if value is None else rule(value, where)


def flag(value, where):
    need(type(value) is bool, f'{where}: neither true nor false')


def scope(value, where):
    need(isinstance(value, list) and value == [kind for kind in KINDS_OF_MEDIA if kind in value], f'{where}: not kinds of media in their order')


def public_key(value, where):
    need(ed25519.is_public_key(base64url_bytes(value)), f'{where}: not an Ed25519 public key')


def nonce(value, where):
    base64url_bytes(value)


identifier, digest, recipient = matching('[0-9a-f]{32}'), matching('[0-9a-f]{64}'), matching('age1[02-9ac-hj-np-z]{58}')
time, counter = integer(), integer(1, 1_000_000)
track_name = matching('(?=[a-z0-9-])[a-z0-9.-]{1,100}')
checkpoint = object_of(size=integer(), root=digest)
signed = integer(-(2**53 - 1))
itself = lambda value: value

sealed_track = object_of(
    name=track_name, approval=digest, file=counter, header_sha256=digest, size_bytes=integer(), sha256=digest, empty=flag, codecs=list_of(text(1, 20), 0, 8),
    duration_ms=integer(), first_ms=signed, last_ms=signed, offset_ms=signed, last_arrival_ms=time, frames_audio=integer(), frames_video=integer(), dropped=integer())

BODIES = {
    'room': object_of(
        room=identifier, version=counter, previous=nullable(digest), title=text(1, 100), controllers=list_of(object_of(name=text(1, 200), contact=text(0, 500)), 1, 8),
        authority=text(0, 500), location=text(0, 200), processors=list_of(text(1, 200), 0, 16), conference=nullable(text(1, 500)), lobby=flag,
        withdrawal_erases=one_of('own_tracks', 'whole_takes'), signing_key=public_key,
        host_keys=list_of(object_of(key=public_key, holder=text(1, 100)), 1, 16, lambda host: host['key']),
        recipients=list_of(object_of(recipient=recipient, holder=text(1, 100), role=one_of('host', 'escrow')), 1, 16, lambda entry: entry['recipient']),
        service_key=public_key, ledger=object_of(origin=text(1, 200), vkey=text(1, 400)), witness_policy=text(1, 4000, newlines=True),
        gateway_keys=list_of(public_key, 0, 16, itself), issued_ms=time),
    'request': object_of(
        recording=identifier, room=identifier, room_statement=digest, session=identifier, purpose=text(1, 500), scope=scope, minimum_scope=scope, delete_after_ms=time,
        names_refusals=flag, notice=object_of(version=counter, language=text(2, 35), sha256=digest), page_sha256=digest, key=public_key, issued_ms=time, expires_ms=time),
    'approval': object_of(
        request=digest, recording=identifier, participant=identifier, role=one_of('participant', 'host'), key=public_key, scope=scope,
        consent_recipient=nullable(recipient), wrapped_sha256=nullable(digest), challenge=nonce, nonce=nonce, checkpoint=nullable(checkpoint),
        attested_by=nullable(public_key), method=nullable(text(1, 200)), issued_ms=time, expires_ms=time),
    'refusal': object_of(
        request=digest, recording=identifier, participant=identifier, role=one_of('participant', 'host'), key=public_key, challenge=nonce, nonce=nonce, issued_ms=time),
    'withdrawal': object_of(recording=identifier, key=public_key, kinds=scope, advance=flag, issued_ms=time),
    'take': object_of(recording=identifier, take=counter, approvals=list_of(digest, 1, 64), checkpoint=checkpoint, key=public_key, start_ms=time),
    'track': object_of(
        recording=identifier, take=counter, approval=digest, file=counter, name=track_name, kinds=scope, header_sha256=digest, key=public_key, issued_ms=time),
    'seal': object_of(
        recording=identifier, take=nullable(counter), reason=one_of(*REASONS), tracks=list_of(sealed_track, 0, 64, lambda track: track['name']),
        entries=nullable(integer(1)), key=public_key, issued_ms=time),
    'erased': object_of(
        recording=identifier, what=list_of(text(1, 120), 0, 256, itself), reason=one_of('withdrawal', 'retention', 'room_deleted', 'recording_deleted'), key=public_key, issued_ms=time),
}


def beyond_single_fields(kind, body):
    """What section 2 says about more than one field."""
    if kind == 'room':
        need((body['previous'] is None) == (body['version'] == 1), 'room: previous is null exactly in version 1')
        need(body['conference'] is None or body['conference'].startswith('https://'), 'room: conference is no https URL')
    if kind == 'request':
        need(body['scope'] and set(body['minimum_scope']) <= set(body['scope']), 'request: empty scope, or the minimum is more than it')
        need(body['issued_ms'] < body['expires_ms'] <= body['delete_after_ms'], 'request: ends before it was issued, or after it must be deleted')
    if kind == 'approval':
        given = [body[name] is not None for name in ('consent_recipient', 'wrapped_sha256')]
        need(given == [bool(body['scope'])] * 2, 'approval: consent key and wrapped key are given exactly if the scope is not empty')
        need((body['attested_by'] is None) == (body['method'] is None), 'approval: attested_by and method come together')
        need(body['attested_by'] != body['key'], 'approval: a key cannot attest itself')
        need(body['expires_ms'] > body['issued_ms'], 'approval: ends before it was issued')
    if kind == 'withdrawal':
        need(body['kinds'] and (not body['advance'] or body['kinds'] == KINDS_OF_MEDIA), 'withdrawal: of nothing, or in advance and not of everything')
    if kind == 'take':
        need(body['approvals'] == sorted(set(body['approvals'])), 'take: approvals do not strictly ascend')
    if kind == 'track':
        need(body['kinds'], 'track: of no kind of media')
    if kind == 'seal':
        need((body['take'] is None) != (body['entries'] is None), 'seal: either take or entries is null')


@dataclass
class Statement:
    kind: str
    id: str
    body: dict
    signers: list  # keyids in order, each one verified

    def __getitem__(self, name):
        return self.body[name]


def pae(payload_type, body):
    return b'DSSEv1 %d %s %d %s' % (len(payload_type), payload_type, len(body), body)


def parse_envelope(envelope):
    """A statement whose signatures are good and whose body is strict. That its signers are the right ones is for the rules to say."""
    need(len(envelope) <= 64 * 1024, 'envelope: more than 64 KiB')
    payload_type, payload, signatures = fields(parse_json(envelope), ['payloadType', 'payload', 'signatures'], 'envelope')
    match = re.fullmatch(r'application/vnd\.unavoce\.([a-z]+)\.v1\+json', payload_type) if isinstance(payload_type, str) else None
    need(match is not None and match[1] in BODIES, 'envelope: no payload type of ours')
    data = base64_bytes(payload)
    message = pae(payload_type.encode(), data)
    need(isinstance(signatures, list) and 1 <= len(signatures) <= 2, 'envelope: not one or two signatures')
    signers = []
    for signature in signatures:
        keyid, value = fields(signature, ['keyid', 'sig'], 'signature')
        need(ed25519.verify(base64url_bytes(keyid), message, base64_bytes(value, 64)), 'envelope: a signature is wrong')
        signers.append(keyid)
    kind, body = match[1], parse_json(data)
    BODIES[kind](body, kind)
    beyond_single_fields(kind, body)
    return check_signers(Statement(kind, hashlib.sha256(message).hexdigest(), body, signers))


def check_signers(statement):
    """The key that the body names comes first; who may come second depends on the kind."""
    names = statement['signing_key'] if statement.kind == 'room' else statement['key']
    need(statement.signers[0] == names, f'{statement.kind}: not signed by the key it names')
    second = statement.signers[1:]
    if statement.kind == 'take':
        need(names not in second, 'take: signed twice by one key')
    elif statement.kind == 'approval':
        need(second == [key for key in [statement['attested_by']] if key], 'approval: attested by another key than it names')
    elif second:
        raise Refused(f'{statement.kind}: one signature too many')
    return statement
