#!/usr/bin/env python3
"""Verifies and opens a recording of Unavoce, following docs/FORMATS.md and the specifications it cites and nothing else: it shares no code with Unavoce.

Needs Python 3.11 and, with --key, the `age` and `age-keygen` programs. Exit code: 0 all is in order, 1 something is not, 2 wrong usage.
"""
import argparse
import base64
import hashlib
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import agefile  # noqa: E402
import ed25519  # noqa: E402
from bag import Bag  # noqa: E402
from rules import RULES, Verification  # noqa: E402
from strict import Refused, base64url_bytes  # noqa: E402


class RoomKey:
    """FORMATS.md section 3: an identity, and the seed of the signing key."""

    def __init__(self, text):
        self.secret_line = agefile.first_identity(text)
        seeds = [line.removeprefix('# signing-key: ') for line in text.split('\n') if line.startswith('# signing-key: ')]
        self.public_key = base64.urlsafe_b64encode(ed25519.public_key_of(base64url_bytes(seeds[0]))).decode().rstrip('=') if seeds else None


def report(verification, key_given):
    """The same as JSON-ready values; printed by `print_report`."""
    rules = []
    for rule in RULES:
        findings = verification.findings[rule]
        checked = verification.request is not None or rule in RULES[:5]
        looked_at = {'opening': key_given, 'seen': bool(verification.seen)}.get(rule, checked)
        verdict = 'failed' if findings else 'passed' if checked and looked_at else 'not_checked'
        rules.append({'rule': rule, 'verdict': verdict, 'findings': findings})
    return {'passed': verification.passed(), 'recording': verification.recording, 'fingerprint': fingerprint(verification), 'entries': len(verification.links),
            'rules': rules, 'participants': participants(verification), 'opened': verification.opened, 'notes': verification.notes}


def fingerprint(verification):
    if not verification.rooms:
        return None
    key = base64url_bytes(verification.rooms[0][1]['signing_key'])
    return base64.urlsafe_b64encode(hashlib.sha256(key).digest()).decode().rstrip('=')


def participants(verification):
    """One line per answer, approvals first."""
    lines = []
    for entry, answer in sorted(verification.of_kind('approval', 'refusal'), key=lambda pair: pair[1].kind):
        word = 'refused' if answer.kind == 'refusal' else 'withdrawn' if verification.wholly_withdrawn(entry, answer) else 'approved'
        takes = [take['take'] for _, take in verification.of_kind('take') if answer.id in take['approvals']]
        tracks = sum(track['approval'] == answer.id and f'data/tracks/{track["name"]}' in verification.bag for _, track in verification.of_kind('track'))
        lines.append({'participant': answer['participant'], 'role': answer['role'], 'answer': word, 'statement': answer.id, 'name': verification.names.get(answer.id),
                      'scope': answer.body.get('scope', []), 'takes': takes, 'tracks': tracks})
    return lines


def printable(name):
    """A name without what would reach the terminal as a command."""
    return ''.join(letter if letter.isprintable() else '?' for letter in name)


def print_report(result):
    for line in result['participants']:
        print(f"{line['participant'][:12]}  {line['role']}  {line['answer']}  {', '.join(line['scope']) or '-'}  takes {line['takes']}  {line['tracks']} tracks  {printable(line['name'] or '')}".rstrip())
    for rule in result['rules']:
        print(f"{rule['rule']:12} {rule['verdict']}")
        for finding in rule['findings']:
            print(f'             {finding}')
    for name, opened in result['opened'].items():
        print(f"opened {name}  {opened['size_bytes']} bytes  sha256 {opened['sha256']}")
    for note in result['notes']:
        print(f'note: {note}')
    print('in order' if result['passed'] else 'NOT in order')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('recording', help='folder or tar')
    parser.add_argument('--key', help='room.key: open everything, too')
    parser.add_argument('--open', metavar='DIR', help='write the opened media there; needs --key')
    parser.add_argument('--json', action='store_true')
    arguments = parser.parse_args()
    if arguments.open and not arguments.key:
        parser.error('--open needs --key')
    try:
        room_key = RoomKey(Path(arguments.key).read_text('utf-8')) if arguments.key else None
        if arguments.open:
            os.makedirs(arguments.open, exist_ok=True)
        bag = Bag(arguments.recording)
        result = report(Verification(bag, room_key, arguments.open).run(), bool(room_key))
    except OSError as error:
        parser.error(str(error))
    except Refused as error:
        result = {'passed': False, 'error': str(error)}
        print(json.dumps(result) if arguments.json else f'{error}\nNOT in order')
        return 1
    print(json.dumps(result, ensure_ascii=False)) if arguments.json else print_report(result)
    return 0 if result['passed'] else 1


if __name__ == '__main__':
    sys.exit(main())
