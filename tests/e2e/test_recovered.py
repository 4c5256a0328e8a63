#!/usr/bin/env python3
"""Recovered/ of a store: items known to be deleted, orphaned or in pieces are
there once, with the bytes of the manifest and with where they were found;
nothing else is, no job takes them, and looking for them holds up nobody."""
import errno
import os
import re
import signal
import struct
import subprocess
import sys
import time

import compare
import lib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'damage'))
import erase  # noqa: E402

FORMATS = ('unicode', 'permute'), ('ansi', 'cyclic'), ('ost4k', 'none')
REMARK = re.compile(rb'X-Pstfs-Recovered: ?(.*?)[\]\r\n]', re.I)
WORDS = {'deleted': 'deleted: found in an old page',
         'orphan': 'orphan: in the node tree but in no folder',
         'fragment': 'fragment: nothing names its block'}


def make(name, form='unicode', crypt='permute', seed=5, messages=150):
    """(items by node number, {kind: [node numbers]})"""
    sound = lib.work('sound', name)
    _, _, items = lib.mkpst(sound, seed=seed, format=form, crypt=crypt,
                            messages=messages)
    data, gone = erase.erase(lib.read(sound, 'rb'))
    os.makedirs(lib.work('src'), exist_ok=True)
    with open(lib.work('src', name), 'wb') as f:
        f.write(data)
    return {int(i['nid'], 16): i for i in items}, gone


def recovered(mount, store):
    """{name: (inode, bytes)}"""
    folder = mount.path(store, 'Recovered')
    found = {}
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        st, data = os.stat(path), lib.read(path, 'rb')
        assert len(data) == st.st_size, name
        found[name] = (st.st_ino, int(st.st_mtime), data)
    return found


def differences(name, data, item):
    ext = name.rsplit('.', 1)[-1]
    if ext != 'eml':
        if ext == 'txt': # the remark is its last line
            data = re.sub(rb'\[X-Pstfs-Recovered:[^\n]*\n$', b'', data)
        return compare.check_native(data, ext, item)
    message = compare.parse(data)
    return compare.defects(message) + compare.check_message(message, item)


def match(found, items, gone):
    """Each recovered file is one item of the kind it says it is."""
    left = {nid: kind for kind, nids in gone.items() for nid in nids}
    for name, (_, mtime, data) in found.items():
        words = REMARK.findall(data)
        assert len(words) == 1, (name, words)
        kinds = [k for k, w in WORDS.items()
                 if words[0].decode().startswith(w)]
        assert len(kinds) == 1, words
        assert b'X-Pstfs-Defect' not in data, name
        hits = [nid for nid, kind in left.items() if kind == kinds[0] and
                not differences(name, data, items[nid])]
        assert len(hits) == 1, (name, kinds, hits, [
            differences(name, data, items[n]) for n in left])
        if items[hits[0]].get('delivered'):
            assert mtime == items[hits[0]]['delivered'], name
        del left[hits[0]]
    assert not left, left


def test_known():
    made = {}
    for form, crypt in FORMATS:
        made[form + '.pst'] = make(form + '.pst', form, crypt)
    first = {}
    with lib.Mount(lib.work('src'), name='a') as mount:
        for name, (items, gone) in made.items():
            all_gone = sum(gone.values(), [])
            live = {lib.nid_of(p) for paths in lib.tree_items(
                mount.path(name)).values() for p in paths}
            assert live == set(items) - set(all_gone), live ^ set(items)
            first[name] = recovered(mount, name)
            match(first[name], items, gone)
            print('%s: %d live, %d recovered' % (
                name, len(live), len(first[name])))
    with lib.Mount(lib.work('src'), name='b') as mount:
        for name in made:
            assert recovered(mount, name) == first[name], name


def test_sound_and_off():
    """A sound store has none; the setting takes the directory away."""
    lib.mkpst(lib.work('whole', 'a.pst'), seed=9, messages=60)
    with lib.Mount(lib.work('whole'), name='c') as mount:
        assert 'Recovered' in os.listdir(mount.path('a.pst'))
        assert os.listdir(mount.path('a.pst/Recovered')) == []
        try:
            os.mkdir(mount.path('a.pst/Recovered/x'))
            raise AssertionError('mkdir')
        except OSError as e:
            assert e.errno == errno.EROFS, e
    with lib.Mount(lib.work('whole'), name='d',
                   config='[mount]\nrecovered = no\n') as mount:
        assert 'Recovered' not in os.listdir(mount.path('a.pst'))
        assert not os.path.exists(mount.path('a.pst/Recovered'))


def test_same_name():
    """A folder of the store that is called Recovered gives way."""
    place = lib.work('named', 'a.pst')
    lib.mkpst(place, seed=9, messages=60, crypt='none')
    data = bytearray(lib.read(place, 'rb'))
    old = 'Top of Personal Folders'
    new = 'Recovered'.ljust(len(old)).encode('utf-16le')
    blocks = erase.Store(bytes(data)).blocks
    for bid, (off, total, stored) in blocks.items():
        block = bytes(data[off:off + stored])
        if old.encode('utf-16le') in block:
            block = block.replace(old.encode('utf-16le'), new)
            data[off:off + stored] = block
            struct.pack_into('<I', data, off + total - 12, erase.crc(block))
    with open(place, 'wb') as f:
        f.write(data)
    with lib.Mount(lib.work('named'), name='e') as mount:
        names = os.listdir(mount.path('a.pst'))
        assert names.count('Recovered') == 1, names
        assert os.listdir(mount.path('a.pst/Recovered')) == []
        own = [n for n in names if n.startswith('Recovered (')]
        assert len(own) == 1, names
        assert 'Inbox' in os.listdir(mount.path('a.pst', own[0]))


def test_no_job_takes_them():
    items, gone = make('job.pst')
    out = lib.work('Maildir')
    with lib.Mount(lib.work('src', 'job.pst'), name='f',
                   quiet=('items than it says',)) as mount:
        found = recovered(mount, 'job.pst')
        assert len(found) == len(sum(gone.values(), []))
        status = mount.migrate('job.pst', 'maildir:' + out)
        live = len(items) - len(found)
        assert int(status['verified']) == live, status
        ledger = lib.read(mount.path('job.pst/.ctl/ledger.csv'))
    arrived = [os.path.join(d, f) for d, _, files in os.walk(out)
               for f in files if os.path.basename(d) in ('cur', 'new')]
    assert len(arrived) == live, len(arrived)
    assert not any(REMARK.search(lib.read(p, 'rb')) for p in arrived)
    for nid in sum(gone.values(), []):
        assert '0x%x,' % nid not in ledger, hex(nid)


def readers(mount, word='reader'):
    found = set()
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            name, rest = lib.read('/proc/%s/stat' % pid).rsplit(')', 1)
        except OSError:
            continue
        if int(rest.split()[1]) == mount.process.pid and word in name:
            found.add(int(pid))
    return found


def stop_search(mount, folder):
    """Begins to list folder; stops the reader that searches for it."""
    before = readers(mount)
    ls = subprocess.Popen(['ls', folder], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    new = lib.wait_for(lambda: readers(mount) - before, 20, 0.005)
    assert len(new) == 1, new
    pid = new.pop()
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.3)
    assert ls.poll() is None
    return ls, pid


def test_search_holds_up_nobody():
    """While the file is searched, its folders and other stores are read."""
    _, gone = make('slow.pst')
    os.truncate(lib.work('src', 'slow.pst'), 1 << 30) # holes are searched too
    lib.mkpst(lib.work('src', 'other.pst'), seed=3, messages=30)
    with lib.Mount(lib.work('src', 'slow.pst'), lib.work('src', 'other.pst'),
                   name='g', config='[mount]\nreaders = 2\n') as mount:
        paths = sum(lib.tree_items(mount.path('slow.pst')).values(), [])
        folder = mount.path('slow.pst/Recovered')
        ls, pid = stop_search(mount, folder)
        try:
            more = subprocess.Popen(['ls', folder + '/x'],
                                    stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            os.stat(folder)
            for path in paths[:40] + sum(lib.tree_items(
                    mount.path('other.pst')).values(), []):
                lib.read(path, 'rb')
            assert ls.poll() is None and more.poll() is None
        finally:
            os.kill(pid, signal.SIGCONT)
        out, _ = ls.communicate(timeout=60)
        assert ls.returncode == 0, out
        assert len(out.splitlines()) == len(sum(gone.values(), [])), out
        assert more.wait(60) == 2


def has_libpff():
    try:
        return bool(lib.program('pstfs-libpff'))
    except FileNotFoundError:
        return False


def held_by(pid):
    """What the kernel says of a process that holds it."""
    status = lib.read('/proc/%d/status' % pid)
    return [line for line in status.splitlines() if line.split(':')[0] in (
        'Uid', 'Gid', 'NoNewPrivs', 'Seccomp', 'Seccomp_filters')]


def make_for_libpff(name):
    """A store with two deleted items, of which one has a wrong checksum: ours
    takes whole items only, libpff looks at none. (items, [node numbers])"""
    sound = lib.work('sound', name)
    _, _, items = lib.mkpst(sound, seed=5, messages=150)
    eraser = erase.Eraser(lib.read(sound, 'rb'))
    page, messages = next((p, m) for p, m in eraser.leaves() if len(m) > 2)
    gone = messages[:2]
    eraser.delete(page, gone)
    eraser.free_blocks(gone)
    eraser.spoil(gone[0])
    os.makedirs(lib.work('src'), exist_ok=True)
    with open(lib.work('src', name), 'wb') as f:
        f.write(eraser.data)
    return {int(i['nid'], 16): i for i in items}, gone


def test_libpff():
    """Asked for, libpff's recovery adds what ours has not, and no more."""
    items, gone = make_for_libpff('pff.pst')
    with lib.Mount(lib.work('src', 'pff.pst'), name='i',
                   quiet=('messages only',)) as mount:
        before = recovered(mount, 'pff.pst')
        match(before, items, {'deleted': gone[1:]})
        if not has_libpff():
            try:
                mount.write('pff.pst/.ctl/action', 'recover\n')
                raise AssertionError('recover without libpff')
            except OSError as e:
                assert e.errno == errno.EOPNOTSUPP, e
            return
        mount.write('pff.pst/.ctl/action', 'recover\n')
        after = recovered(mount, 'pff.pst')
        pid, = readers(mount, 'libpff')
        assert held_by(pid) == held_by(readers(mount).pop()), held_by(pid)
        log = lib.read(mount.path('pff.pst/.ctl/log'))
        assert 'libpff has recovered 1 items more' in log, log
        assert {n: after.pop(n) for n in before} == before
        (name, (_, _, data)), = after.items()
        assert REMARK.findall(data)[0].startswith(b'libpff'), name
        nid = (after[name][0] >> 16 & 0x7FFFFFF) << 5 | 0x1C
        try: # in no other format
            lib.read(mount.path('pff.pst/.ctl/export/0x%x.fts' % nid), 'rb')
            raise AssertionError('exported')
        except OSError as e:
            assert e.errno in (errno.EIO, errno.EOPNOTSUPP), e
        message = compare.parse(data)
        want = items[gone[0]]
        assert not compare.defects(message), compare.defects(message)
        assert compare.same_text(message['Subject'], want['subject'])
        differences = []
        compare.check_attachments(
            [p for p in compare.leaves(message) if p.get_filename()],
            want.get('attachments'), differences)
        assert not differences, differences


def test_unmount_during_search():
    with lib.Mount(lib.work('src', 'slow.pst'), name='h', clean=False,
                   quiet=('.',)) as mount:
        ls, pid = stop_search(mount, mount.path('slow.pst/Recovered'))
        begin = time.monotonic()
        code = mount.stop('term')
        lib.kill_quietly(pid, signal.SIGCONT)
        assert code == 0 and time.monotonic() - begin < 20, code
        assert ls.wait(20) != 0


lib.main()
