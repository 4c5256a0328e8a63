#!/usr/bin/env python3
"""pstctl against a real mount, as a shell script would call it."""
import os
import pty
import re
import subprocess

import lib

OK, REFUSED, USAGE, NOT_THERE, NOT_DONE = range(5)


def mounted(name, messages=60):
    lib.mkpst(lib.work(name + '.src', 'alice', 'a b.pst'), seed=7,
              messages=messages)
    with open(lib.work(name + '.src', 'no\033[2J.pst'), 'w') as f:
        f.write('this is no store\n' * 100)
    return lib.Mount(lib.work(name + '.src'), name=name)


PLACE = 'alice/a b.pst'


def ctl(mount, *args, code=OK, where=None, env=None):
    """Output of a call that must end with this code."""
    command = [lib.program('pstctl')]
    if mount:
        command += ['-m', mount.point]
    p = lib.run(*command, *args, check=False, cwd=where,
                env=dict(os.environ, **(env or {})))
    assert p.returncode == code, '%s: %d, not %d\n%s' % (
        args, p.returncode, code, p.stdout)
    return p.stdout


def test_looks():
    with mounted('looks') as mount:
        text = ctl(mount, 'list')
        assert re.search(r'^STORE +SIZE +STATE +JOB +TARGET$', text, re.M)
        assert re.search(r'^alice/a b\.pst +\S+ +ok +none$', text, re.M), text
        assert 'rejected' in text and '\033' not in text, text
        text = ctl(mount, 'status')
        assert re.search(r'^stores +1$', text, re.M), text
        text = ctl(mount, 'status', PLACE)
        assert re.search(r'^state +none$', text, re.M), text
        assert 'no job' in ctl(mount, 'watch', PLACE, code=NOT_DONE)
        assert 'no job' in ctl(mount, 'watch')
        assert ctl(mount, 'errors') == ''


def test_finds_the_mount():
    with mounted('finds') as mount:
        store = mount.path(PLACE)
        inside = os.path.join(store, 'Top of Personal Folders')
        if not os.path.isdir(inside):
            inside = next(e.path for e in os.scandir(store)
                          if e.is_dir() and e.name != '.ctl')
        home = lib.work()
        assert 'state' in ctl(None, 'status', store, where=home)
        assert 'state' in ctl(None, 'status', '.', where=store)
        assert 'state' in ctl(None, 'status', '..', where=inside)
        assert 'state' in ctl(None, 'status', PLACE, where=inside)
        assert 'a b.pst' in ctl(None, 'list', where=home,
                                env={'PSTFS_MOUNT': mount.point})
        ctl(None, '-m', home, 'list', code=NOT_THERE)
        ctl(mount, 'status', 'alice', code=NOT_THERE)
        ctl(mount, 'status', '../finds.src', code=NOT_THERE)
        ctl(mount, 'cat', PLACE + '/none.eml', code=NOT_THERE)
        ctl(mount, 'cat', '/etc/hostname', code=NOT_THERE)
        for args in ((), ('jump',), ('migrate', 'x'), ('list', 'x'),
                     ('--jump', 'list')):
            assert 'usage:' in ctl(mount, *args, code=USAGE)
        assert 'exit codes' in ctl(None, '--help')


def test_migrates():
    with mounted('migrates', 300) as mount:
        text = ctl(mount, 'migrate', PLACE, 'bogus:x', code=REFUSED)
        assert 'bogus' in text and '(EINVAL)' in text, text
        assert 'bogus' in ctl(mount, 'errors')
        text = ctl(mount, 'migrate', PLACE, 'maildir:/a\nimap:b',
                   code=REFUSED)
        assert 'one line' in text, text
        dest = 'maildir:' + lib.work('migrates-out')
        text = ctl(mount, 'migrate', '--wait', PLACE, dest)
        assert text == PLACE + ': done\n', text
        text = ctl(mount, 'migrate', PLACE, dest, code=REFUSED)
        assert '(EEXIST)' in text, text
        text = ctl(mount, 'list')
        assert re.search(r'ok +done +' + re.escape(dest), text), text
        text = ctl(mount, 'watch', PLACE)
        assert re.search(r': done \S+ 100% (\d+)/\1', text), text
        text = ctl(mount, 'action', PLACE, 'pause', code=REFUSED)
        assert 'pause' in text and '(EINVAL)' in text, text


def on_terminal(*command):
    """Exit code and what the command drew on a terminal."""
    main, side = pty.openpty()
    subprocess.run(['stty', 'cols', '70'], stdin=side, check=True)
    p = subprocess.Popen(command, stdout=side, stdin=side)
    os.close(side)
    drawn = b''
    while True:
        try:
            more = os.read(main, 65536)
        except OSError:
            more = b''
        if not more:
            break
        drawn += more
    os.close(main)
    return p.wait(), drawn.decode()


def test_watches():
    with mounted('watches', 6000) as mount:
        dest = 'maildir:' + lib.work('watches-out')
        ctl(mount, 'migrate', PLACE, dest)
        code, drawn = on_terminal(lib.program('pstctl'), '-m', mount.point,
                                  'watch')
        assert code == OK, drawn
        frames = drawn.split('\r\033[K')
        assert len(frames) > 2 and frames[-1].startswith(PLACE + ': done'), \
            drawn
        assert all(len(f) < 70 for f in frames[:-1]), drawn
        ctl(mount, 'migrate', PLACE, dest + '2')
        ctl(mount, 'action', PLACE, 'cancel')
        text = ctl(mount, 'watch', PLACE, code=NOT_DONE)
        assert text.splitlines()[-1].startswith(PLACE + ': cancelled'), text


def test_cats():
    with mounted('cats') as mount:
        paths = [p for found in lib.tree_items(mount.path(PLACE)).values()
                 for p in found]
        assert paths
        for path in paths[:20]:
            p = lib.run(lib.program('pstctl'), '-m', mount.point, 'cat',
                        os.path.relpath(path, mount.point), text=False)
            assert p.stdout == lib.read(path, 'rb'), path


lib.main()
