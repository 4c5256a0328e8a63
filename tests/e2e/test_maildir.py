#!/usr/bin/env python3
"""echo maildir:DIR > .ctl/target: the Maildir equals the manifest."""
import base64
import collections
import csv
import os

import compare
import lib


STORE_ROW = 0x21  # the ledger's row for a store that has lost index pages


def from_utf7(name):
    """IMAP's modified UTF-7, decoded by code that shares nothing with ours."""
    out, i = '', 0
    while i < len(name):
        if name[i] != '&':
            out += name[i]
            i += 1
            continue
        end = name.index('-', i)
        word = name[i + 1:end].replace(',', '/')
        out += '&' if not word else base64.b64decode(
            word + '=' * (-len(word) % 4)).decode('utf-16-be')
        i = end + 1
    return out


def load_maildir(root):
    """{node number: (folder name, file name, bytes, mtime)}"""
    found = {}
    for folder, dirs, files in os.walk(root):
        if os.path.basename(folder) not in ('cur', 'new'):
            continue
        name = os.path.relpath(os.path.dirname(folder), root)
        for f in files:
            path = os.path.join(folder, f)
            data = lib.read(path, 'rb')
            ident = compare.parse(data)['X-Pstfs-Id']
            nid = int(ident.split('.')[1], 16)
            assert nid not in found, 'twice: %s' % path
            found[nid] = (from_utf7(name.lstrip('.')), f, data,
                          int(os.stat(path).st_mtime))
    return found


def flags_of(name):
    return name.split(':2,')[1] if ':2,' in name else ''


def want_flags(item):
    return ''.join(letter for letter, key in (
        ('D', 'draft'), ('F', 'flagged'), ('P', 'forwarded'),
        ('R', 'replied'), ('S', 'read')) if compare.want_flag(item, key))


def check_maildir(root, items):
    found = load_maildir(root)
    by_nid = {int(i['nid'], 16): i for i in items}
    assert set(found) == set(by_nid), (len(found), len(by_nid))
    wrong = []
    for nid, item in by_nid.items():
        folder, name, data, mtime = found[nid]
        message = compare.parse(data)
        problems = compare.defects(message)
        if item['class'].startswith('IPM.Note'):
            problems += compare.check_message(message, item)
        elif not compare.same_text(message['subject'] or '',
                                   item['subject'] or ''):
            problems.append('subject %r' % message['subject'])
        if flags_of(name) != want_flags(item):
            problems.append('flags %s, not %s' % (flags_of(name),
                                                  want_flags(item)))
        if item.get('delivered') and mtime != item['delivered']:
            problems.append('mtime')
        if 'S=%d' % len(data) not in name:
            problems.append('size in the name')
        if problems:
            wrong.append('%s %s: %s' % (item['nid'], item['class'],
                                        '; '.join(problems)))
    assert not wrong, '%d differ:\n%s' % (len(wrong), '\n'.join(wrong[:15]))
    shape = collections.Counter(tuple(i['folder']) for i in items)
    got = collections.Counter(f[0] for f in found.values())
    assert sorted(shape.values()) == sorted(got.values())
    for names in shape:
        if not any(set('./') & set(n) for n in names):
            assert got['.'.join(names)] == shape[names], (names, got)


def check_ledger(mount, store, items, state='verified'):
    rows = list(csv.DictReader(open(mount.path(store, '.ctl/ledger.csv'),
                                    newline='')))
    assert len(rows) == len(items), len(rows)
    assert {r['state'] for r in rows} == {state}
    assert all(len(r['hash']) == 64 and r['remote'] for r in rows)


def test_formats():
    manifests = {}
    for n, (form, crypt) in enumerate((
            ('unicode', 'permute'), ('unicode', 'cyclic'),
            ('unicode', 'none'), ('ansi', 'permute'), ('ansi', 'none'),
            ('ansi', 'cyclic'), ('ost4k', 'none'))):
        name = '%s-%s.pst' % (form, crypt)
        manifests[name] = lib.mkpst(lib.work('src', name), seed=30 + n,
                                    format=form, crypt=crypt, messages=150)
    with lib.Mount(lib.work('src')) as mount:
        for name, (_, folders, items) in manifests.items():
            dest = lib.work('out', name)
            status = mount.migrate(name, 'maildir:' + dest)
            assert status['state'] == 'done', status
            assert int(status['total']) == len(items), status
            assert int(status['verified']) == len(items), status
            check_maildir(dest, items)
            check_ledger(mount, name, items)
            print(name, len(items), 'items')


def test_bare_address():
    """A bare address takes the kind, and maildir.root, from the settings."""
    _, _, items = lib.mkpst(lib.work('bare', 'a.pst'), seed=40, messages=20)
    os.makedirs(lib.work('boxes'))
    config = '[maildir]\nroot = %s\n' % lib.work('boxes')
    with lib.Mount(lib.work('bare'), name='bare.m', config=config) as mount:
        status = mount.migrate('a.pst', 'alice@example.com')
        assert status['state'] == 'done', status
        assert lib.read(mount.path('a.pst/.ctl/target')).strip() == \
            'maildir:alice@example.com'
        check_maildir(lib.work('boxes', 'alice@example.com'), items)


def test_missing_at_target():
    """verify reads the target: what was lost there is not called done."""
    lib.mkpst(lib.work('lost', 'a.pst'), seed=41, messages=30)
    with lib.Mount(lib.work('lost'), name='lost.m') as mount:
        dest = lib.work('lost-out')
        assert mount.migrate('a.pst', 'maildir:' + dest)['state'] == 'done'
        for folder, _, files in os.walk(dest):
            if os.path.basename(folder) == 'cur' and files:
                os.unlink(os.path.join(folder, files[0]))
                break
        mount.write('a.pst/.ctl/action', 'verify\n')
        status = mount.wait('a.pst')
        assert status['state'] == 'partial', status
        assert status['failed'] == '1', status
        failed = os.listdir(mount.path('a.pst/.ctl/failed'))
        assert len(failed) == 2, failed
        mount.write('a.pst/.ctl/action', 'retry\n')
        status = mount.wait('a.pst')
        assert status['state'] == 'done', status
        assert os.listdir(mount.path('a.pst/.ctl/failed')) == []


def test_damaged_store():
    """Half a store: what can be read arrives, the job is not called done,
    and each lost item is a failed row, its own or its folder's."""
    _, _, items = lib.mkpst(lib.work('cut-src', 'whole.pst'), seed=42,
                            messages=400, profile='mail')
    whole = lib.read(lib.work('cut-src', 'whole.pst'), 'rb')
    os.makedirs(lib.work('cut'))
    for name, part in (('a.pst', 0.85), ('b.pst', 0.5)):
        with open(lib.work('cut', name), 'wb') as f:
            f.write(whole[:int(len(whole) * part)])
        os.makedirs(lib.work('cut-out', name))
        with lib.Mount(lib.work('cut'), name='cut.m', clean=False) as mount:
            status = mount.migrate(name, 'maildir:' + lib.work('cut-out',
                                                               name))
            rows = list(csv.DictReader(open(
                mount.path(name, '.ctl/ledger.csv'), newline='')))
        found = load_maildir(lib.work('cut-out', name))
        failed = [r for r in rows if r['state'] == 'failed']
        print(name, status['state'], len(items), 'items', len(found),
              'arrived', len(failed), 'failed')
        assert len(found) == int(status['verified']), status
        if len(found) == len(items):
            continue
        assert status['state'] in ('partial', 'failed'), status
        if status['state'] == 'failed':
            assert status['error'] != '-'
            continue
        told = {int(r['nid'], 16) for r in failed}
        if STORE_ROW in told:  # lost index pages: for all that has no row
            continue
        short = {r['folder'] for r in failed
                 if int(r['nid'], 16) & 31 != 4 and r['reason']}
        for item in items:
            nid = int(item['nid'], 16)
            assert nid in found or nid in told or \
                '/'.join(item['folder']) in short, item


if __name__ == '__main__':
    lib.main()
