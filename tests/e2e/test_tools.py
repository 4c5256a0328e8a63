#!/usr/bin/env python3
"""Ordinary tools on the mount: all of them see the same bytes."""
import mmap
import os
import random

import lib


def sources():
    path = lib.work('src', 'deep', 'a.pst')
    if not os.path.exists(path):
        lib.mkpst(path, seed=11, messages=300, big='3M')
        lib.mkpst(lib.work('src', 'b.pst'), seed=12, messages=80,
                  format='ansi', crypt='cyclic')
    return lib.work('src')


def files_of(root):
    return sorted(os.path.join(d, f) for d, dirs, files in os.walk(root)
                  if '.ctl' not in d.split(os.sep) for f in files)


def test_copies_agree():
    source = sources()
    with lib.Mount(source, name='one') as one, \
            lib.Mount(source, name='two') as two:
        lib.run('diff', '-r', '--exclude=.ctl', one.point, two.point)
        items = [f for f in files_of(one.point)
                 if not lib.is_parts(os.path.dirname(f))]
        assert len(items) == 380, len(items)
        count = len(files_of(one.point))
        assert count > 380, count
        os.makedirs(lib.work('rsync'))
        lib.run('rsync', '-a', '--exclude=.ctl', one.point + '/',
                lib.work('rsync'))
        lib.run('diff', '-r', '--exclude=.ctl', one.point, lib.work('rsync'))
        again = lib.run('rsync', '-ain', '--exclude=.ctl', one.point + '/',
                        lib.work('rsync')).stdout
        changed = [x for x in again.splitlines() if x.startswith('>f')]
        assert not changed, changed[:5]
        os.makedirs(lib.work('tar'))
        lib.run('sh', '-c', 'tar -C "$1" --exclude=.ctl -cf - . | '
                'tar -C "$2" -xf -', 'sh', one.point, lib.work('tar'))
        lib.run('diff', '-r', lib.work('rsync'), lib.work('tar'))
        lib.run('cp', '-r', one.path('deep/a.pst'), lib.work('cp'))
        lib.run('diff', '-r', '--exclude=.ctl', one.path('deep/a.pst'),
                lib.work('cp'))
        assert len(files_of(lib.work('tar'))) == count


def test_grep_and_find():
    with lib.Mount(sources(), name='g') as mount:
        direct = [f for f in files_of(mount.point)
                  if b'Message-ID:' in lib.read(f, 'rb')]
        found = lib.run('grep', '-rlI', '--exclude-dir=.ctl', '-a',
                        'Message-ID:', mount.point).stdout.splitlines()
        assert sorted(found) == direct and direct
        listed = lib.run('find', mount.point, '-name', '.ctl', '-prune',
                         '-o', '-type', 'f', '-print').stdout.splitlines()
        assert sorted(listed) == files_of(mount.point)


def test_random_reads():
    rng = random.Random(5)
    with lib.Mount(sources(), name='r') as mount:
        paths = files_of(mount.point)
        big = max(paths, key=os.path.getsize)
        for path in rng.sample(paths, 40) + [big]:
            whole = lib.read(path, 'rb')
            with open(path, 'rb', buffering=0) as f:
                for _ in range(30):
                    off = rng.randrange(len(whole) + 10)
                    n = rng.randrange(1, 200000)
                    assert os.pread(f.fileno(), n, off) == whole[off:off + n]
                if not whole:
                    continue  # an attachment without bytes: nothing to map
                with mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
                    assert m[:] == whole


def test_numbers_survive():
    """Inode numbers, sizes, names and times are the same after a restart."""
    def facts(mount):
        return [(os.path.relpath(f, mount.point), os.stat(f).st_ino,
                 os.stat(f).st_size, os.stat(f).st_mtime_ns)
                for f in files_of(mount.point)]
    mount = lib.Mount(sources(), name='n')
    with mount:
        first = facts(mount)
    with mount:
        assert facts(mount) == first
    assert len(set(x[1] for x in first)) == len(first)


def test_read_only():
    with lib.Mount(sources(), name='ro') as mount:
        path = files_of(mount.point)[0]
        for change in (lambda: open(path, 'w'), lambda: os.unlink(path),
                       lambda: os.rename(path, path + 'x'),
                       lambda: os.mkdir(os.path.dirname(path) + '/x'),
                       lambda: open(os.path.dirname(path) + '/x', 'w'),
                       lambda: os.truncate(path, 0),
                       lambda: os.symlink('x', os.path.dirname(path) + '/s'),
                       lambda: os.chmod(path, 0o777)):
            try:
                change()
            except OSError as e:
                assert e.errno == 30, e
            else:
                raise AssertionError('a change was allowed')


lib.main()
