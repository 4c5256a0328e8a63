#!/usr/bin/env python3
"""How many items of damaged stores the reader's code still finds, for builds
with a sanitizer; tests/damage/table measures through a mount.

usage: measure.py MKPST WALK [--stores N] [--messages N] [--kinds A,B] [--seed N] [-v]

Makes N sound stores of each format, damages each in every way with a seed of
its own, reads them with WALK (tests/damage/walk.c) and prints a table: per
kind the stores, the items in them, the intact ones (no block of their own was
hit), the intact ones that are shown with all their bytes, the ones that are
shown although they were hit, the items with wrong bytes and no word about it,
crashes and hangs. Exits 1 when a promise (verdict.py) is broken."""
import argparse
import collections
import os
import subprocess
import sys
import tempfile

import damage
import ndb
import stores
import verdict

LIMIT = 60  # seconds; one that takes longer hangs
COLUMNS = verdict.COMMON + (('hit shown', 'hurt'), ('wrong', 'wrong'),
                            ('crashes', 'crashes'))


class Reading:
    """What the walker says about one store."""

    def __init__(self, walk, path):
        self.items = []  # (nid, digest, errors, damage, origin)
        self.notes, self.refused, self.crash = [], False, ''
        try:
            run = subprocess.run([walk, path], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.crash = 'hang'
            return
        if run.returncode:
            self.crash = 'exit %d: %s' % (
                run.returncode, run.stderr.decode(errors='replace')[:2000])
        for line in run.stdout.decode(errors='replace').splitlines():
            word, _, rest = line.partition(' ')
            if word == 'item':
                nid, digest, errors, hurt, *origin = rest.split(' ', 4)
                self.items.append((int(nid, 16), digest, int(errors),
                                   int(hurt), ''.join(origin)))
            elif word == 'note':
                self.notes.append(rest)
            elif word == 'refused':
                self.refused = True


def judge(row, sound, reading, report, where, verbose):
    """Adds one damaged store to its row."""
    lost = set(report['lost'])
    want = collections.Counter(
        d for nid, d, *_ in sound.items if nid not in lost)
    all_digests = {d for _, d, *_ in sound.items}
    have = collections.Counter(d for _, d, errors, *_ in reading.items
                               if not errors)
    shown = sum(min(n, have[d]) for d, n in want.items())
    wrong = [i for i in reading.items
             if i[1] not in all_digests and not i[2] and not i[3] and not i[4]]
    row.add(report['index'], sum(want.values()), shown,
            items=len(sound.items), wrong=len(wrong),
            crashes=bool(reading.crash),
            hurt=max(0, len(reading.items) - shown))
    if verbose and (shown < sum(want.values()) or wrong or reading.crash):
        missing = [hex(nid) for nid, d, *_ in sound.items
                   if nid not in lost and not have[d]]
        print('  %s: %d of %d shown, missing %s, wrong %s %s' % (
            where, shown, sum(want.values()), ' '.join(missing[:5]),
            ' '.join(hex(i[0]) for i in wrong[:5]), reading.crash))


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('mkpst')
    p.add_argument('walk')
    p.add_argument('--stores', type=int, default=3)
    p.add_argument('--seeds', type=int, default=1, help='a store and kind')
    p.add_argument('--messages', type=int, default=60)
    p.add_argument('--kinds', default=','.join(damage.KINDS))
    p.add_argument('--formats', default=','.join(stores.FORMATS))
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('-v', action='store_true')
    args = p.parse_args()
    rows = {k: verdict.Row() for k in args.kinds.split(',')}
    print('seeds from %d on' % args.seed)
    with tempfile.TemporaryDirectory() as tmp:
        for n in range(args.stores):
            for form in args.formats.split(','):
                store_measure(args, rows, tmp, n, form)
    verdict.print_table(rows, COLUMNS)
    return 0 if verdict.promises_hold(rows) else 1


def store_measure(args, rows, tmp, n, form):
    """One sound store, damaged in all ways."""
    path, broken = os.path.join(tmp, 'sound'), os.path.join(tmp, 'broken')
    made = args.seed + n
    data = stores.make(args.mkpst, path, made, form,
                       stores.CRYPTS[made % len(stores.CRYPTS)],
                       args.messages)
    sound = Reading(args.walk, path)
    if sound.crash or sound.notes or len(sound.items) != args.messages:
        sys.exit('the sound store %d %s is not: %s' % (made, form,
                                                       sound.notes))
    store = ndb.Store(data)
    for kind in rows:
        for k in range(args.seeds):
            seed = made * 1000 + k
            hurt, report = damage.damage(store, kind, seed)
            with open(broken, 'wb') as f:
                f.write(hurt)
            judge(rows[kind], sound, Reading(args.walk, broken), report,
                  '%s seed %d store %d %s' % (kind, seed, made, form), args.v)


if __name__ == '__main__':
    sys.exit(main())
