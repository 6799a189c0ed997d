"""The notation of FORMATS.md section 1: strict JSON, and base64 and numbers in their one spelling. Whatever else it is, it is `Refused`."""
import base64
import binascii
import json
import re


class Refused(Exception):
    """What was read breaks a rule of FORMATS.md; the text says which."""


def need(condition, text):
    if not condition:
        raise Refused(text)


def _no_duplicates(pairs):
    found = dict(pairs)
    need(len(found) == len(pairs), 'JSON: a key appears twice')
    return found


def _whole(text):
    need(text != '-0' and abs(int(text)) <= 2**53 - 1, f'JSON: {text[:20]} is no integer of at most 2^53-1')
    return int(text)


def _no_fraction(text):
    raise Refused(f'JSON: {text[:20]} is no integer')


def parse_json(data):
    """One object from bytes."""
    try:
        text = data.decode('utf-8', 'strict')
        value = json.loads(text, object_pairs_hook=_no_duplicates, parse_int=_whole, parse_float=_no_fraction, parse_constant=_no_fraction)
        json.dumps(value, ensure_ascii=False).encode('utf-8', 'strict')  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise Refused(f'JSON: {error}') from None
    need(isinstance(value, dict), 'JSON: not an object')
    return value


def fields(value, names, what):
    """The values of exactly these keys."""
    need(isinstance(value, dict) and set(value) == set(names), f'{what}: has not exactly the keys {", ".join(names)}')
    return [value[name] for name in names]


def base64_bytes(text, size=None):
    """Standard base64 with padding, in its one spelling."""
    need(isinstance(text, str) and text.isascii(), 'base64: not a text')
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Refused(f'base64: {error}') from None
    need(base64.b64encode(data).decode() == text, 'base64: not the one spelling')
    need(size is None or len(data) == size, f'base64: {len(data)} bytes, expected {size}')
    return data


def base64url_bytes(text, size=32):
    """base64url without padding, in its one spelling."""
    need(isinstance(text, str) and re.fullmatch('[A-Za-z0-9_-]*', text) is not None, 'base64url: not a text of its letters')
    try:
        data = base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    except binascii.Error as error:
        raise Refused(f'base64url: {error}') from None
    need(base64.urlsafe_b64encode(data).decode().rstrip('=') == text, 'base64url: not the one spelling')
    need(len(data) == size, f'base64url: {len(data)} bytes, expected {size}')
    return data


def decimal(text, what):
    need(re.fullmatch('0|[1-9][0-9]{0,15}', text) is not None, f'{what}: {text[:20]!r} is no decimal number in its one spelling')
    return int(text)
