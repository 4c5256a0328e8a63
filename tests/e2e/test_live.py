#!/usr/bin/env python3
"""Stores that change or go away while they are read and migrated. They lie on
a bad share (badfs) which fails on demand: what is open gets ESTALE or EIO and
never a byte of another state, the tree follows, jobs wait or stop as the
settings say, and what arrives is whole, once, and of one state."""
import contextlib
import errno
import mmap
import os
import re
import shutil
import signal
import subprocess
import time

import lib

MESSAGES = 1500
SMALL = 120
CONFIG = ('[reader]\ntimeout = 2\n[mount]\nrescan = 1\n'
          '[maildir]\nfsync = false\n[job]\nsettle = 1\n')
STOP = CONFIG + 'on_change = stop\non_missing = stop\n'
QUIET = (r'the file ', r': open: ', r'does not answer', r'reader', r'scan of the sources',
         r'is gone', r'has changed', r'cannot be', r'a source')
ID = re.compile(rb'^X-Pstfs-Id: [0-9a-f]{32}\.([0-9a-f]{8})', re.M)


class Share:
    """A directory seen through badfs."""

    def __init__(self, name):
        self.under, self.point = lib.work(name + '.under'), lib.work(name)
        self.control = lib.work(name + '.control')
        for path in (self.under, self.point):
            os.makedirs(path, exist_ok=True)

    def set(self, word):
        with open(self.control + '.new', 'w') as f:
            f.write(word)
        os.rename(self.control + '.new', self.control)

    def __enter__(self):
        self.set('ok')
        self.process = subprocess.Popen(
            [lib.program('badfs'), self.under, self.control, self.point],
            stdin=subprocess.DEVNULL)
        assert lib.wait_for(lambda: os.path.ismount(self.point), 10)
        return self

    def __exit__(self, *exc):
        self.set('ok')
        lib.run('fusermount3', '-uz', self.point, check=False)
        self.process.wait(20)

    def put(self, name, source):
        """As a program that saves: a new file, moved over the old one."""
        new = os.path.join(self.under, name + '.new')
        shutil.copyfile(source, new)
        os.rename(new, os.path.join(self.under, name))


def states(messages):
    """Two states of one store: the later has more items."""
    one, two = lib.work('one-%d.pst' % messages), lib.work('two-%d.pst' %
                                                           messages)
    if not os.path.exists(one):
        lib.mkpst(one, seed=90, messages=messages, profile='mail')
        lib.mkpst(two, seed=90, messages=messages + 20, profile='mail')
    return one, two


def contents(root):
    """{place: bytes} of all items below a store's directory."""
    return {os.path.relpath(p, root): lib.read(p, 'rb')
            for p in sum(lib.tree_items(root).values(), [])}


def reference(messages):
    """What the two states look like on a mount that lies still."""
    one, two = states(messages)
    os.makedirs(lib.work('ref'), exist_ok=True)
    shutil.copyfile(one, lib.work('ref', 'one.pst'))
    shutil.copyfile(two, lib.work('ref', 'two.pst'))
    with lib.Mount(lib.work('ref'), name='r') as mount:
        return contents(mount.path('one.pst')), contents(mount.path('two.pst'))


def tree_is(mount, want):
    with contextlib.suppress(OSError):
        return contents(mount.path('a.pst')) == want
    return False


def read_all(fd):
    """The bytes behind a handle, or the errno."""
    try:
        data = b''
        while True:
            piece = os.pread(fd, 65536, len(data))
            if not piece:
                return data
            data += piece
    except OSError as e:
        return e.errno


def map_all(fd, size):
    """The bytes of a mapping, None when it ends with SIGBUS, as mappings do:
    in a process of its own."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGBUS, signal.SIG_DFL)
        try:
            with mmap.mmap(fd, size, mmap.MAP_PRIVATE, mmap.PROT_READ) as m:
                data = m[:]
            with open(lib.work('mapped'), 'wb') as f:
                f.write(data)
            os._exit(0)
        except (OSError, ValueError):
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    if status == 0:
        return lib.read(lib.work('mapped'), 'rb')
    if os.WIFEXITED(status):
        return None
    assert os.WTERMSIG(status) == signal.SIGBUS, status
    return None


def truncate(share):
    path = os.path.join(share.under, 'a.pst')
    os.truncate(path, os.path.getsize(path) // 2)


def grow(share):
    """In place, as Outlook does."""
    _, two = states(SMALL)
    with open(two, 'rb') as f, \
            open(os.path.join(share.under, 'a.pst'), 'r+b') as g:
        g.write(f.read())


def replace(share):
    share.put('a.pst', states(SMALL)[1])


def vanish(share):
    share.set('vanish')


def unlink(share):
    os.unlink(os.path.join(share.under, 'a.pst'))


CHANGES = {'grow': (grow, {errno.ESTALE}), 'replace': (replace,
                                                       {errno.ESTALE}),
           'truncate': (truncate, {errno.ESTALE}),
           'unlink': (unlink, {errno.ESTALE}),
           'vanish': (vanish, {errno.ESTALE, errno.EIO}),
           'estale': (lambda s: s.set('estale'), {errno.ESTALE, errno.EIO}),
           'eio': (lambda s: s.set('eio'), {errno.ESTALE, errno.EIO}),
           'short': (lambda s: s.set('short'), {errno.ESTALE, errno.EIO}),
           'hang': (lambda s: s.set('hang'), {errno.EIO, errno.ESTALE})}


def browse(mount, share, name, before, after):
    one, two = states(SMALL)
    share.set('ok')
    share.put('a.pst', one)
    assert lib.wait_for(lambda: tree_is(mount, before), 15), name
    places = sorted(before)[:6]
    fds = [os.open(mount.path('a.pst', p), os.O_RDONLY) for p in places]
    kept = mmap.mmap(fds[0], len(before[places[0]]), mmap.MAP_PRIVATE,
                     mmap.PROT_READ)
    assert kept[:] == before[places[0]]
    kept.close()
    listing = os.open(mount.path('a.pst'), os.O_RDONLY)
    # What the kernel has of these it must not need.
    lib.run('sh', '-c', 'echo 3 > /proc/sys/vm/drop_caches', check=False)
    act, codes = CHANGES[name]
    act(share)
    begin = time.monotonic()
    seen = set()
    for fd, place in zip(fds[1:], places[1:]):
        got = read_all(fd)
        assert got == before[place] or got in codes, (name, got)
        seen.add(got if isinstance(got, int) else 0)
    took = time.monotonic() - begin
    assert took < 20, (name, took)
    mapped = map_all(fds[0], len(before[places[0]]))
    assert mapped in (None, before[places[0]]), name
    try:
        os.listdir(listing)
    except OSError as e:
        assert e.errno in codes, (name, e)
    os.stat(mount.path('.ctl/status'))
    print('%s: %s in %.1f s' % (name, sorted(seen), took))
    if name in ('grow', 'replace'):
        assert lib.wait_for(lambda: tree_is(mount, after), 10), name
    elif name in ('unlink', 'vanish'):
        gone = lambda: not os.path.exists(mount.path('a.pst'))
        assert lib.wait_for(gone, 10), name
    # An old handle stays what it is, whatever comes.
    assert read_all(fds[1]) in (before[places[1]], errno.ESTALE, errno.EIO)
    share.set('ok')
    share.put('a.pst', two)
    assert lib.wait_for(lambda: tree_is(mount, after), 20), name
    for fd, place in zip(fds, places):
        assert read_all(fd) in (before[place], errno.ESTALE), (name, place)
        os.close(fd)
    os.close(listing)


def test_browse():
    before, after = reference(SMALL)
    assert set(before) != set(after)
    with Share('s') as share:
        share.put('a.pst', states(SMALL)[0])
        with lib.Mount(share.point, config=CONFIG, quiet=QUIET) as mount:
            for name in CHANGES:
                browse(mount, share, name, before, after)
            log = lib.read(mount.path('a.pst/.ctl/log'))
            assert 'the file is gone' in log, log
            assert 'the file has changed or is back' in log, log


# ---- jobs ----

def messages_of(maildir):
    """{nid: [bytes]} of what lies in a Maildir."""
    found = {}
    for folder, _, files in os.walk(maildir):
        if os.path.basename(folder) not in ('cur', 'new'):
            continue
        for name in files:
            data = lib.read(os.path.join(folder, name), 'rb')
            found.setdefault(int(ID.search(data)[1], 16), []).append(data)
    return found


def maildir_states():
    """What the two states send when nobody disturbs."""
    found = []
    for i, path in enumerate(states(MESSAGES)):
        src = lib.work('ref%d' % i)
        os.makedirs(src)
        shutil.copyfile(path, os.path.join(src, 'a.pst'))
        with lib.Mount(src, name='rm%d' % i) as mount:
            status = mount.migrate('a.pst', 'maildir:' + lib.work('r%d' % i))
            assert status['state'] == 'done', status
        found.append(messages_of(lib.work('r%d' % i)))
    return found


def check_arrived(mount, status, maildir, one, two):
    """Each once, whole, of one of the states; and the account balances."""
    found = messages_of(maildir)
    for nid, copies in found.items():
        assert len(copies) == 1, '%x is there %d times' % (nid, len(copies))
        assert copies[0] in one.get(nid, []) + two.get(nid, []), hex(nid)
    assert set(found) >= set(two), len(set(two) - set(found))
    total = int(status['total'])
    assert total == sum(int(status[k]) for k in (
        'verified', 'filtered', 'duplicate', 'failed')), status
    assert int(status['verified']) == len(found), status
    rows = lib.read(mount.path('a.pst/.ctl/ledger.csv')).count('\n') - 1
    assert rows == total, (rows, total)


def job_begin(mount, maildir):
    """Starts a job and stops its worker in the middle."""
    mount.write('a.pst/.ctl/target', 'maildir:' + maildir + '\n')
    busy = lib.wait_for(
        lambda: int(mount.status('a.pst')['ingested']) > 0, 60, 0.01)
    assert busy
    worker = mount.workers()[0]
    os.kill(worker, signal.SIGSTOP)
    status = mount.status('a.pst')
    assert int(status['ingested']) < MESSAGES, 'too fast for this test'
    return worker


def job_words(mount, words):
    """Waits until the job says them; a store that is gone has no status."""
    jobs = mount.path('.ctl/jobs.csv')
    said = lib.wait_for(lambda: re.search(words, lib.read(jobs)), 20)
    assert said, lib.read(jobs)


def job_run(mount, share, name, act, undo, words, states_sent):
    one, two = states_sent
    share.put('a.pst', states(MESSAGES)[0])
    lib.wait_for(lambda: os.path.exists(mount.path('a.pst')), 10)
    maildir = lib.work('out-' + name)
    worker = job_begin(mount, maildir)
    act()
    os.kill(worker, signal.SIGCONT)
    job_words(mount, words)
    undo()
    there = lambda: os.path.exists(mount.path('a.pst/.ctl/status'))
    if name != 'stop2':
        assert lib.wait_for(there, 15)
    else: # it stays away
        assert lib.wait_for(lambda: 'failed' in lib.read(
            mount.path('.ctl/jobs.csv')), 30)
        share.set('ok')
        assert lib.wait_for(there, 15)
    status = mount.wait('a.pst', 60)
    print(name, status['state'], status['verified'], status['failed'])
    for row in lib.read(mount.path('a.pst/.ctl/ledger.csv')).splitlines():
        if ',failed,' in row:
            print('  ', row)
    log = lib.read(mount.path('a.pst/.ctl/log'))
    assert re.search(words, log), log
    return status, maildir


def test_jobs_that_wait():
    sent = maildir_states()
    first, second = states(MESSAGES)
    with Share('j') as share:
        share.put('a.pst', first)
        with lib.Mount(share.point, name='jm', config=CONFIG,
                       quiet=QUIET) as mount:
            def run(name, act, undo, words, later):
                status, maildir = job_run(mount, share, name, act, undo,
                                          words, sent)
                check_arrived(mount, status, maildir, sent[0], sent[later])
                return status

            nothing = lambda: None
            still = 'waiting until the file lies still'
            again = 'waiting until the source is there again'
            run('replaced', lambda: share.put('a.pst', second), nothing,
                still, 1)
            assert 'listed anew' in lib.read(mount.path('a.pst/.ctl/log'))
            run('cut', lambda: os.truncate(
                os.path.join(share.under, 'a.pst'), 300000),
                lambda: share.put('a.pst', first), still, 0)
            for word in ('vanish', 'eio', 'hang'):
                status = run(word, lambda: share.set(word),
                             lambda: share.set('ok'), again, 0)
                assert status['state'] == 'done', status


def test_jobs_that_stop():
    sent = maildir_states() if not os.path.exists(lib.work('r0')) else [
        messages_of(lib.work('r0')), messages_of(lib.work('r1'))]
    first, second = states(MESSAGES)
    with Share('k') as share:
        share.put('a.pst', first)
        with lib.Mount(share.point, name='km', config=STOP,
                       quiet=QUIET) as mount:
            for name, act, words in (
                    ('stop1', lambda: share.put('a.pst', second),
                     'job.on_change is stop'),
                    ('stop2', lambda: share.set('vanish'),
                     'job.on_missing is stop')):
                status, maildir = job_run(mount, share, name, act,
                                          lambda: None, words, sent)
                assert status['state'] == 'failed', status
                share.set('ok')
                assert lib.wait_for(lambda: os.path.exists(
                    mount.path('a.pst/.ctl/action')), 10)
                mount.write('a.pst/.ctl/action', 'retry\n')
                status = mount.wait('a.pst', 60)
                check_arrived(mount, status, maildir, sent[0],
                              sent[name == 'stop1'])


lib.main()
