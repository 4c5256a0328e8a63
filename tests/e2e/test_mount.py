#!/usr/bin/env python3
"""Life of the mount: what is shown, what is refused, how it ends."""
import csv
import os
import subprocess
import time

import lib


def store_rows(mount):
    return {os.path.basename(r['path']): r
            for r in csv.DictReader(open(mount.path('.ctl/stores.csv')))}


def make_sources():
    root = lib.work('src')
    if os.path.exists(root):
        return root
    lib.mkpst(root + '/alice/archive.pst', seed=1, messages=50)
    lib.mkpst(root + '/noext', seed=2, messages=10)
    whole = lib.read(root + '/alice/archive.pst', 'rb')
    with open(root + '/cut.pst', 'wb') as f:
        f.write(whole[:len(whole) * 6 // 10])
    with open(root + '/alice/notes.pst', 'w') as f:
        f.write('this is no PST at all\n')
    open(root + '/empty.pst', 'w').close()
    os.makedirs(root + '/nothing/here')
    return root


def test_what_is_shown():
    with lib.Mount(make_sources(), quiet=['cut.pst']) as mount:
        assert sorted(os.listdir(mount.point)) == [
            '.ctl', 'alice', 'cut.pst', 'noext'], os.listdir(mount.point)
        assert os.listdir(mount.path('alice')) == ['archive.pst']
        assert '.ctl' in os.listdir(mount.path('alice/archive.pst'))
        rows = store_rows(mount)
        assert rows['notes.pst']['state'] == 'rejected'
        assert rows['notes.pst']['reason'], rows['notes.pst']
        assert rows['empty.pst']['state'] == 'rejected'
        assert rows['archive.pst']['place'] == 'alice/archive.pst'
        assert mount.path('x') and not os.path.exists(mount.path('x'))


def test_no_store_is_opened_by_listing():
    with lib.Mount(make_sources(), name='lazy',
                   quiet=['cut.pst']) as mount:
        lib.run('ls', '-la', mount.point, mount.path('alice'))
        out = lib.run('pgrep', '-P', str(mount.process.pid), '-f',
                      'pstfs-reader', check=False).stdout.split()
        assert not out, 'readers run: %s' % out
        os.listdir(mount.path('alice/archive.pst'))
        out = lib.run('pgrep', '-P', str(mount.process.pid), '-f',
                      'pstfs-reader', check=False).stdout.split()
        assert len(out) == 1, out


def test_truncated_store():
    """Shows what can be read, and info says what cannot."""
    with lib.Mount(make_sources(), name='cut',
                   quiet=['cut.pst']) as mount:
        for folder, dirs, files in os.walk(mount.path('cut.pst')):
            for name in files:
                try:
                    lib.read(os.path.join(folder, name), 'rb')
                except OSError:
                    pass
        info = lib.read(mount.path('cut.pst/.ctl/info'))
        assert 'damage' in info, info
        assert lib.key_values(info)['health'] != 'ok', info


def test_dead_reader():
    """A reader that dies costs at most one error; the next try works."""
    with lib.Mount(make_sources(), name='dead', quiet=['cut.pst',
                                                       'reader']) as mount:
        folder = mount.path('alice/archive.pst')
        path = next(p for paths in lib.tree_items(folder).values()
                    for p in paths)
        before = lib.read(path, 'rb')
        pid = lib.run('pgrep', '-P', str(mount.process.pid), '-f',
                      'pstfs-reader').stdout.split()
        lib.kill_quietly(int(pid[0]))
        time.sleep(0.2)
        others = [p for paths in lib.tree_items(folder).values()
                  for p in paths]
        errors = 0
        for p in others:
            try:
                lib.read(p, 'rb')
            except OSError:
                errors += 1
        assert errors <= 1, errors
        assert lib.read(path, 'rb') == before


def test_second_mount_refused():
    with lib.Mount(make_sources(), name='first',
                   quiet=['cut.pst']) as mount:
        os.makedirs(lib.work('other'))
        p = subprocess.run([lib.program('pstfs'), '-f', '--state',
                            mount.state, make_sources(), lib.work('other')],
                           capture_output=True, text=True, timeout=30)
        assert p.returncode != 0
        assert mount.state in p.stderr and 'use' in p.stderr, p.stderr


def test_ends():
    for how in ('umount', 'term'):
        mount = lib.Mount(make_sources(), name='end-' + how,
                          quiet=['cut.pst']).start()
        os.listdir(mount.path('alice/archive.pst'))
        assert mount.stop(how) == 0, how
        assert not os.path.ismount(mount.point)
        assert not mount.workers()
        assert not lib.run('pgrep', '-f', mount.state, check=False).stdout


def test_daemon():
    """Without -f the command returns once the mount is there."""
    point, state = lib.work('d'), lib.work('d.state')
    os.makedirs(point)
    lib.run(lib.program('pstfs'), '--state', state, make_sources(), point,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert os.path.exists(point + '/.ctl/version')
    lib.run('fusermount3', '-u', point)
    gone = lib.wait_for(lambda: not lib.run('pgrep', '-f', state,
                                            check=False).stdout, 20)
    assert gone


def test_usage_errors():
    for args in ([], ['/nonexistent', lib.work('d')], [lib.work('src')],
                 ['--bogus', 'x', 'y'],
                 [make_sources(), lib.work('src', 'noext')]):
        p = subprocess.run([lib.program('pstfs'), '-f', '--state',
                            lib.work('u.state')] + args,
                           capture_output=True, text=True, timeout=30)
        assert p.returncode != 0 and p.stderr, args


def test_several_sources():
    make_sources()
    with lib.Mount(lib.work('src', 'alice'), lib.work('src', 'noext'),
                   name='several') as mount:
        assert sorted(os.listdir(mount.point)) == ['.ctl', 'alice', 'noext'], \
            os.listdir(mount.point)


def test_tree_follows():
    root = lib.work('live')
    lib.mkpst(root + '/one.pst', seed=3, messages=5)
    with lib.Mount(root, name='live.m',
                   config='[mount]\nrescan = 1\n') as mount:
        assert 'two.pst' not in os.listdir(mount.point)
        lib.mkpst(lib.work('two.pst'), seed=4, messages=5)
        os.rename(lib.work('two.pst'), root + '/two.pst')
        assert lib.wait_for(lambda: 'two.pst' in os.listdir(mount.point), 15)
        os.unlink(root + '/one.pst')
        assert lib.wait_for(
            lambda: 'one.pst' not in os.listdir(mount.point), 15)
        assert store_rows(mount)['one.pst']['state'] == 'gone'


lib.main()
