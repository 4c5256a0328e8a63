#!/usr/bin/env python3
"""The Exchange upload stream of every item against the store itself: read by
a reader of its own (pst_props), decoded by a decoder of its own (fts_decode),
compared property by property. Prints a table. With PSTFS_SAMPLES every store
there too."""
import errno
import os
import re
import subprocess
from collections import Counter
from random import Random

import fts_compare
import fts_decode
import lib
import pst_props

COLUMNS = ('items', 'messages', 'equal', 'mended', 'left out', 'empty',
           'recipients', 'attachments', 'told as lost', 'defects')
FORMATS = [('unicode', 'permute'), ('ansi', 'cyclic'), ('ost4k', 'none')]


def print_row(name, cells):
    print('%-34.34s' % name + ''.join('%11s' % c for c in cells), flush=True)


def stream_of(mount, place, nid):
    return lib.read(mount.path(place, '.ctl/export', '0x%x.fts' % nid), 'rb')


def compare_store(mount, place, path):
    """A tally of all items of a store."""
    tally = fts_compare.Tally()
    pst = pst_props.Pst(path)
    compare = fts_compare.Compare(pst, tally)
    for nid in pst.items():
        tally['items'] += 1
        where = '%s 0x%x' % (place, nid)
        try:
            got = fts_decode.decode(stream_of(mount, place, nid))
        except fts_decode.Wrong as e:
            tally.wrong.append('%s: %s' % (where, e))
            continue
        compare.message(where, pst.item(nid), got)
    print_row(place, [tally[c] for c in COLUMNS])
    return tally


def compare_all(mount, folder, places):
    wrong = []
    print_row('', COLUMNS)
    for place in places:
        wrong += compare_store(mount, place,
                               os.path.join(folder, place)).wrong
    assert not wrong, '%d wrong:\n%s' % (len(wrong), '\n'.join(
        line[:300] for line in wrong[:20]))


def test_made():
    folder = lib.work('made.src')
    places = []
    for form, crypt in FORMATS:
        places.append('%s-%s.pst' % (form, crypt))
        lib.mkpst(os.path.join(folder, places[-1]), seed=11, messages=150,
                  format=form, crypt=crypt)
    with lib.Mount(folder, name='made') as mount:
        compare_all(mount, folder, places)


def test_samples():
    if not lib.SAMPLES:
        print('no samples: set PSTFS_SAMPLES')
        return
    places = sorted(n for n in os.listdir(lib.SAMPLES)
                    if n.endswith(('.pst', '.ost')))
    with lib.Mount(lib.SAMPLES, name='samples') as mount:
        compare_all(mount, lib.SAMPLES, places)


def test_strict():
    """The decoder refuses what is not as it should be: else the tables above
    would prove nothing."""
    path = lib.work('strict.src', 'a.pst')
    lib.mkpst(path, seed=3, messages=20)
    with lib.Mount(lib.work('strict.src'), name='strict') as mount:
        nid = next(n for n in pst_props.Pst(path).items()
                   if len(stream_of(mount, 'a.pst', n)) > 40000)
        data = stream_of(mount, 'a.pst', nid)
    fts_decode.decode(data)
    first = fts_decode.BUFFER_MAX
    moved = bytearray(data)  # the first buffer ends 2 bytes into an atom
    tag = data.index(b'\xb0\x84\x37\x00', 70) - 70 + 2
    moved[66:70] = tag.to_bytes(4, 'little')
    moved[70 + tag:70 + tag] = b'\2\0\0\0' + (first - tag).to_bytes(
        4, 'little')
    for wrong in (data[:-1], data + b'\0', data[:66] + b'\1' + data[67:],
                  data[:10] + b'\7' + data[11:], bytes(moved),
                  data.replace(b'\x03\0\x04\x40', b'\x03\0\x05\x40', 1),
                  data.replace(b'\xb0\x84\x1a\0', b'\x1f\0\x1a\0', 1),
                  data[:70] + data[70:96] * 2 + data[96:]):
        try:
            fts_decode.decode(wrong)
        except fts_decode.Wrong:
            continue
        raise AssertionError('taken for a stream')


def test_damaged():
    """Whatever is hit: the stream stays one, and what is missing or may be
    wrong in it is told, or its bytes cannot be read."""
    sound, path = lib.work('sound.pst'), lib.work('hit.src', 'a.pst')
    lib.mkpst(sound, seed=5, messages=60, crypt='none')
    os.makedirs(os.path.dirname(path))
    data = bytearray(lib.read(sound, 'rb'))
    pst, hits, random = pst_props.Pst(sound), set(), Random(1)
    parts = {n: pst.blocks_of(pst.nodes[n][1]) for n in pst.items()}
    shared = Counter(b for blocks in parts.values() for b in blocks)
    for nid, blocks in parts.items():
        blocks = sorted(b for b in blocks if shared[b] == 1)
        if blocks:
            off, _, stored = pst.blocks[random.choice(blocks)]
            hits.add(nid)
            for at in range(off, off + stored, 16):
                data[at] ^= 0x55
    with open(path, 'wb') as f:
        f.write(data)
    told = unread = 0
    with lib.Mount(os.path.dirname(path), name='hit',
                   quiet=['item', 'damage']) as mount:
        for nid in sorted(hits):
            try:
                item = fts_decode.decode(stream_of(mount, 'a.pst', nid))
            except OSError as e:
                assert e.errno == errno.EIO, e
                unread += 1
                continue
            told += tells(item)
    print('hit %d, told %d, not readable %d' % (len(hits), told, unread))
    assert len(hits) > 40 and told > 30 and told + unread == len(hits)


def tells(item):
    return fts_compare.DEFECT in item['props'] or any(
        a['embedded'] and tells(a['embedded']) for a in item['attachments'])


def ctl(mount, *args, code=0):
    p = subprocess.run([lib.program('pstctl'), '-m', mount.point, 'cat',
                        *args], capture_output=True)
    assert p.returncode == code, (args, p)
    return p.stdout if code == 0 else p.stderr.decode()


# What only files have: targets are told the state as flags.
STATE = re.compile(rb'^(Status|X-Status|X-Mozilla-Status): \w+\n', re.M)


def test_view():
    lib.mkpst(lib.work('view.src', 'b', 'a.pst'), seed=4, messages=30)
    with lib.Mount(lib.work('view.src'), name='view') as mount:
        exports = mount.path('b/a.pst/.ctl/export')
        assert os.listdir(exports) == []
        assert 'export' in os.listdir(os.path.dirname(exports))
        for paths in lib.tree_items(mount.path('b/a.pst')).values():
            for path in paths:
                view_item(mount, exports, path)
        view_wrong(mount, exports, path)
        assert '.fts' in lib.read(mount.path('.ctl/help'))


def view_item(mount, exports, path):
    place = os.path.relpath(path, mount.point)
    file = os.path.join(exports, '0x%x.fts' % lib.nid_of(path))
    data = lib.read(file, 'rb')
    assert os.stat(file).st_size == len(data)
    assert ctl(mount, '--format', 'fts', place) == data
    assert ctl(mount, '--format=fts', path) == data
    assert ctl(mount, path) == lib.read(path, 'rb')
    if path.endswith('.eml'):
        assert ctl(mount, '--format', 'eml', path) == STATE.sub(
            b'', lib.read(path, 'rb'))
    with open(file, 'rb', 0) as f:
        for at in range(len(data) - 1, 0, -len(data) // 7 or -1):
            f.seek(at)
            assert f.read(999) == data[at:at + 999]


def view_wrong(mount, exports, path):
    nid = lib.nid_of(path)
    for name in ('0x%x.exe', '%x.fts', '0x0%x.fts', '0X%x.fts', '0x%x.FTS',
                 '0x%x1.fts', '0x%xffffff.fts', '0x%x', '-0x%x.fts'):
        assert not os.path.exists(os.path.join(exports, name % nid)), name
    assert not os.path.exists(os.path.join(exports, '0x7654324.fts'))
    try:
        os.open(os.path.join(exports, '0x%x.fts' % nid), os.O_WRONLY)
        raise AssertionError('opened for writing')
    except PermissionError:
        pass
    for args, code, words in (
            (('--format', 'exe', path), 3, 'no format "exe"'),
            (('--format', '../x', path), 1, 'no format'),
            (('--format', 'fts', os.path.dirname(path)), 1, 'no item'),
            (('--format', 'fts', 'b/a.pst/.ctl/info'), 1, 'no item'),
            (('--format', 'fts', '.ctl/help'), 1, 'no item'),
            (('--format', 'fts', 'b/a.pst/none.eml'), 3, 'none.eml')):
        assert words in ctl(mount, *args, code=code), args


if __name__ == '__main__':
    lib.main()
