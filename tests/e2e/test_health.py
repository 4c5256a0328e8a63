#!/usr/bin/env python3
"""The check of a whole store and what `health` says of it."""
import os
import re
import sys
import time

import lib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'damage'))
import damage  # noqa: E402
import ndb  # noqa: E402


def sound_store(fmt='unicode', seed='4'):
    path = lib.work('sound-%s-%s.pst' % (fmt, seed))
    if not os.path.exists(path):
        lib.run(lib.program('mkpst'), '--seed', seed, '--messages', '60',
                '--format', fmt, '--manifest', '-', path)
    return lib.read(path, 'rb')


def source(name, data):
    os.makedirs(lib.work('src-' + name), exist_ok=True)
    with open(lib.work('src-' + name, 'a.pst'), 'wb') as f:
        f.write(data)
    return lib.work('src-' + name)


def facts(text):
    return dict(line.split(' ', 1) for line in text.splitlines()
                if ' ' in line)


def control(mount, name):
    return os.path.join(mount.point, 'a.pst', '.ctl', name)


def health(mount):
    return lib.read(control(mount, 'health'))


def checked(mount):
    with open(control(mount, 'action'), 'w') as f:
        f.write('check\n')
    assert lib.wait_for(
        lambda: facts(health(mount))['state'] not in ('waiting', 'checking'))
    return health(mount)


def test_sound():
    data = sound_store()
    with lib.Mount(source('sound', data), name='sound') as mount:
        assert health(mount) == 'state unchecked\n'
        found = facts(checked(mount))
        assert found['state'] == 'checked' and found['health'] == 'ok', found
        assert int(found['nodes']) == len(ndb.Store(data).nodes)
        assert int(found['blocks']) == len(ndb.Store(data).blocks)
        assert int(found['items']) >= 60
        assert 'damage' not in found


def hit_block(fmt):
    """A store, one byte of one message's own block wrong: its place, id."""
    data = bytearray(sound_store(fmt))
    store = ndb.Store(bytes(data))
    nid = next(n for n in sorted(store.nodes) if n & 0x1F == damage.MESSAGE)
    bid = store.nodes[nid][0] & ~1
    off, _, stored = store.blocks[bid]
    data[off + stored // 2] ^= 0x10
    return bytes(data), nid, bid, off


def check_block(fmt):
    data, nid, bid, off = hit_block(fmt)
    name = 'block-' + fmt
    with lib.Mount(source(name, data), name=name) as mount:
        text = checked(mount)
        assert 'damaged_blocks 1\n' in text, text
        assert re.search(r'^damage block %#x at %#x: wrong checksum$' % (
            bid, off), text, re.M), text
        owner = re.search(r'^damage item %#x in (/[^"]+) "(.+)": block %#x'
                          % (nid, bid), text, re.M)
        assert owner, text
        assert int(facts(text)['damaged_items']) == 1
    with mount:  # kept: nobody has to check again
        again = health(mount)
        assert again == text, again
        time.sleep(0.01)
        os.utime(lib.work('src-' + name, 'a.pst'))
        with open(os.path.join(mount.point, '.ctl', 'action'), 'w') as f:
            f.write('rescan\n')
        assert facts(health(mount))['state'] == 'changed', health(mount)


def test_block_unicode():
    check_block('unicode')


def test_block_ansi():
    check_block('ansi')


def test_page():
    store = ndb.Store(sound_store())
    raw, report = damage.damage(store, 'page_crc', 3)
    hit = report['hit'][0][0] // 512 * 512
    with lib.Mount(source('page', raw), name='page') as mount:
        text = checked(mount)
        assert 'page at %#x: wrong checksum' % hit in text, text
        assert int(facts(text)['damaged_pages']) == 1, text


def test_no_argument():
    with lib.Mount(source('busy', sound_store()), name='busy') as mount:
        try:
            with open(control(mount, 'action'), 'w') as f:
                f.write('check now\n')
            raise AssertionError('taken')
        except OSError as e:
            assert e.errno == 22, e


lib.main()
