#!/usr/bin/env python3
"""All that mkpst's cases ask for, through a mount: a short run of
tests/judge. And what could not be read of an item stands in the ledger."""
import csv
import io
import os

import cases
import judge
import lib


def test_cases():
    smime, cert, key = cases.smime_files()
    path = lib.work('in', 'cases.pst')
    _, _, items = cases.make_store(path, 'unicode', 'permute', smime, 20)
    os.remove(path + '.jsonl')
    scores = judge.judge({'cases.pst': path}, {'cases.pst': items},
                         (cert, key))
    judge.table(scores)
    words = [w for s in scores for w in s.words]
    assert not words, '\n'.join(words[:40])


def test_ledger_defects():
    source, target = lib.work('in'), lib.work('Maildir')
    with lib.Mount(source, name='ledger') as mount:
        status = mount.migrate('cases.pst', 'maildir:' + target)
        assert status['state'] == 'done', status
        rows = list(csv.DictReader(io.StringIO(
            lib.read(mount.path('cases.pst/.ctl/ledger.csv')))))
    told = {r['subject']: r['defects'] for r in rows if r['defects']}
    assert told.pop('case rtf-broken').startswith('1: RTF body: '), told
    assert not told, told


def test_codepage_setting():
    """8-bit text of a store in which nothing names a code page."""
    path = lib.work('page', 'a.pst')
    lib.mkpst(path, format='ansi', messages=30, seed=4)
    seen = []
    for page in ('0', '1251'):
        with lib.Mount(lib.work('page'), name='page' + page,
                       config='[reader]\ncodepage = %s\n' % page) as mount:
            info = lib.key_values(lib.read(mount.path('a.pst/.ctl/info')))
            seen.append(info.get('codepage'))
    assert seen[1] == '1251', seen


lib.main()
