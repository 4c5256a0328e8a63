#!/usr/bin/env python3
"""Readers that stand still (SIGSTOP) hold up nobody but those who read from
them: with many processes blocked on many stores, the mount answers, another
store is read, and when the readers go on so do the blocked ones."""
import os
import signal
import subprocess
import time

import held
import lib

STORES = 6
BLOCKED = 100 # processes on the first store, STORES * 20 on the others
MESSAGES = 120
STAT_SECONDS = 0.05
ROUNDS = 20
TIMEOUT = 300 # seconds until the mount gives a reader up
CONFIG = '[reader]\ntimeout = %d\n' % TIMEOUT


def readers(mount):
    """Process ids of the mount's own readers."""
    return set(held.readers_of(mount.process.pid))


def look_into(mount, store):
    """Lists a store; its reader and the paths of its items."""
    before = readers(mount)
    paths = sorted(sum(lib.tree_items(mount.path(store)).values(), []))
    for path in paths:
        os.stat(path)
    new = readers(mount) - before
    assert len(new) == 1, new
    return new.pop(), paths


def start_cats(paths, count):
    cats = []
    for i in range(count):
        path = paths[i % len(paths)]
        out = open(lib.work('cat%d' % len(os.listdir(lib.WORK))), 'wb')
        cats.append((subprocess.Popen(['cat', path], stdout=out,
                                      stdin=subprocess.DEVNULL), path, out))
    return cats


def stat_times(path):
    times = []
    for _ in range(ROUNDS):
        begin = time.monotonic()
        os.stat(path)
        times.append(time.monotonic() - begin)
    return times


def check_answers(mount, stores):
    """Things that no reader is needed for, none of them cached. Whatever else
    the machine does: what waits for a reader waits each time, so the best
    of some rounds tells; and none may have been given up for a time limit."""
    paths = [mount.path(), mount.path('.ctl/status'),
             mount.path('.ctl/version'), mount.path('.ctl/stores.csv')]
    for store in stores:
        paths += [mount.path(store), mount.path(store, '.ctl'),
                  mount.path(store, '.ctl/status')]
    times = {path: stat_times(path) for path in paths}
    best = max(map(min, times.values()))
    longest = max(map(max, times.values()))
    print('stat of %d paths: at best %.2f ms, longest %.1f ms' % (
        len(paths), 1e3 * best, 1e3 * longest))
    assert best < STAT_SECONDS, times
    assert longest < TIMEOUT, longest


def make_stores():
    names = ['s%d.pst' % i for i in range(STORES)] + ['free.pst']
    for i, name in enumerate(names):
        lib.mkpst(lib.work('src', name), seed=50 + i, messages=MESSAGES)
    return names


def blocked(cats):
    return sum(p.poll() is None for p, _, _ in cats)


def test_stuck():
    names = make_stores()
    with lib.Mount(lib.work('src'), config=CONFIG) as mount:
        pids, paths = {}, {}
        for name in names:
            pids[name], paths[name] = look_into(mount, name)
        stuck = names[:-1]
        for name in stuck:
            os.kill(pids[name], signal.SIGSTOP)
        try:
            cats = start_cats(paths[stuck[0]], BLOCKED)
            for name in stuck[1:]:
                cats += start_cats(paths[name], 20)
            time.sleep(1)
            count = blocked(cats)
            print('%d of %d blocked' % (count, len(cats)))
            assert count == len(cats)
            check_answers(mount, names)
            begin = time.monotonic()
            for path in paths['free.pst']:
                lib.read(path, 'rb')
            print('the free store: %.2f s' % (time.monotonic() - begin))
            # All readers there are, the free one too.
            os.kill(pids['free.pst'], signal.SIGSTOP)
            check_answers(mount, names)
            assert blocked(cats) == len(cats)
        finally:
            for pid in pids.values():
                lib.kill_quietly(pid, signal.SIGCONT)
        for process, path, out in cats:
            assert process.wait(60) == 0, path
            out.close()
            with open(out.name, 'rb') as f, open(path, 'rb') as g:
                assert f.read() == g.read(), path


def test_killed_while_blocked():
    """Whoever waits gets one EIO when the reader dies, and no more."""
    names = make_stores()
    with lib.Mount(lib.work('src'), name='k', config=CONFIG,
                   quiet=(r'the reader',)) as mount:
        pid, paths = look_into(mount, names[0])
        os.kill(pid, signal.SIGSTOP)
        cats = start_cats(paths, 30)
        time.sleep(0.5)
        assert blocked(cats) == 30
        os.kill(pid, signal.SIGKILL)
        codes = [process.wait(60) for process, _, _ in cats]
        assert sum(c != 0 for c in codes) <= 1, codes


def test_unmount_while_blocked():
    """The end of the mount does not wait for a reader that stands still."""
    names = make_stores()
    with lib.Mount(lib.work('src'), name='u', config=CONFIG,
                   quiet=(r'the reader',)) as mount:
        pid, paths = look_into(mount, names[0])
        os.kill(pid, signal.SIGSTOP)
        cats = start_cats(paths, 40)
        time.sleep(0.5)
        begin = time.monotonic()
        code = mount.stop('term')
        print('ended after %.1f s' % (time.monotonic() - begin))
        assert code == 0 and time.monotonic() - begin < 20
        for process, _, _ in cats:
            process.wait(60)
        mount.clean = False


lib.main()
