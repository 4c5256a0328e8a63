#!/usr/bin/env python3
"""NAME.attachments: every attachment is a file with the store's bytes, found
by name and by listing, whatever the order in which it is asked for."""
import os
import random
import re
import stat
import unicodedata

import compare
import lib


def source():
    path = lib.work('src', 'a.pst')
    if not os.path.exists(path):
        lib.mkpst(path, seed=31, messages=400, big='3M')
    return path, lib.load_manifest(path + '.jsonl')[2]


def parts_of(path):
    """Files of the item's directory, in the order of the store."""
    parts = path + lib.PARTS
    files = [os.path.join(parts, f) for f in os.listdir(parts)]
    return sorted(files, key=lambda f: os.stat(f).st_ino & 0xffff)


def letters(name):
    """What of a name no file system changes, to begin with."""
    return re.sub(r'[\W_]', '', unicodedata.normalize('NFC', name))[:10]


def check_part(path, want):
    """A file and its line of the manifest."""
    data = lib.read(path, 'rb')
    assert len(data) == os.stat(path).st_size, path
    if want.get('embedded'):
        ext = path.rsplit('.', 1)[-1]
        if ext != 'eml': # a changed instance of a series
            wrong = compare.check_native(data, ext, want['embedded'])
            assert ext == 'ics' and not wrong, '%s: %s' % (path, wrong)
            return
        message = compare.parse(data)
        wrong = compare.defects(message) + compare.check_message(
            message, want['embedded'], inner=True)
        assert not wrong, '%s: %s' % (path, wrong)
        return
    assert len(data) == want['size'], (path, want)
    assert lib.sha256(data) == want['sha256'], path
    assert letters(os.path.basename(path)).startswith(
        letters(os.path.splitext(want.get('name') or '')[0])), (path, want)


def test_equal_the_manifest():
    path, items = source()
    by_nid = {int(item['nid'], 16): item for item in items}
    seen = 0
    with lib.Mount(path, name='eq') as mount:
        for files in lib.tree_items(mount.path('a.pst')).values():
            listed = set(os.listdir(os.path.dirname(files[0]))) if files else ()
            for file in files:
                want = by_nid[lib.nid_of(file)].get('attachments') or []
                there = os.path.basename(file) + lib.PARTS in listed
                if want or there:
                    got = parts_of(file)
                    assert len(got) == len(want), (file, got, want)
                    for part, line in zip(got, want):
                        check_part(part, line)
                    seen += len(got)
                if not there and not want:
                    assert not os.path.exists(file + lib.PARTS), file
    assert seen > 50, seen
    print('%d attachments equal the manifest' % seen)


def test_random_reads():
    path, _ = source()
    rng = random.Random(3)
    with lib.Mount(path, name='rnd') as mount:
        parts = [os.path.join(d, f) for d, _, files in os.walk(mount.point)
                 if d.endswith(lib.PARTS) for f in files]
        big = max(parts, key=os.path.getsize)
        assert os.path.getsize(big) >= 3 << 20
        for part in rng.sample(parts, 30) + [big]:
            whole = lib.read(part, 'rb')
            with open(part, 'rb', buffering=0) as f:
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                for _ in range(20):
                    off = rng.randrange(len(whole) + 10)
                    n = rng.randrange(1, 300000)
                    assert os.pread(f.fileno(), n, off) == whole[off:off + n]


def facts(mount):
    found = []
    for folder, folders, files in os.walk(mount.point):
        if '.ctl' in folders:
            folders.remove('.ctl')
        for name in folders + files:
            st = os.lstat(os.path.join(folder, name))
            found.append((os.path.join(folder, name), st.st_ino, st.st_mode,
                          st.st_size, st.st_mtime_ns))
    return sorted(found)


def test_the_same_after_a_restart():
    path, _ = source()
    mount = lib.Mount(path, name='re')
    with mount:
        first = facts(mount)
        # By name first, without any listing.
        part = next(p for p in first if stat.S_ISREG(p[2]) and
                    lib.PARTS + '/' in p[0])
    with mount:
        assert os.stat(part[0]).st_ino == part[1]
        parent = os.path.dirname(part[0])
        assert os.stat(os.path.join(parent, '..')).st_ino == \
            os.stat(os.path.dirname(parent)).st_ino
        assert facts(mount) == first
    assert len(set(p[1] for p in first)) == len(first)


def test_off():
    path, _ = source()
    with lib.Mount(path, name='on') as mount:
        on = facts(mount)
    mount = lib.Mount(path, name='off', options=['-o', 'no_attachments'])
    with mount:
        off = facts(mount)
        dirs = [f[0] for f in on if f[0].endswith(lib.PARTS)]
        assert dirs
        assert not os.path.exists(dirs[0].replace(lib.work('on'),
                                                  mount.point))
    assert not [f for f in off if lib.PARTS in f[0]]
    with lib.Mount(path, name='set',
                   config='[mount]\nattachments = no\n') as mount:
        by_setting = facts(mount)
    rest = [f[0][len(lib.work('on')):] for f in on if lib.PARTS not in f[0]]
    assert [f[0][len(lib.work('off')):] for f in off] == rest
    assert [f[0][len(lib.work('set')):] for f in by_setting] == rest


def test_refusals():
    path, _ = source()
    with lib.Mount(path, name='no') as mount:
        parts = next(d for d, _, f in os.walk(mount.point)
                     if d.endswith(lib.PARTS) and f)
        part = os.path.join(parts, os.listdir(parts)[0])
        for change in (lambda: open(part, 'w'), lambda: os.unlink(part),
                       lambda: os.rmdir(parts),
                       lambda: os.mkdir(os.path.join(parts, 'x'))):
            try:
                change()
            except OSError as e:
                assert e.errno == 30, e
            else:
                raise AssertionError('a change was allowed')
        assert not os.path.exists(os.path.join(parts, 'not there'))
        assert not os.path.exists(part + lib.PARTS)


lib.main()
