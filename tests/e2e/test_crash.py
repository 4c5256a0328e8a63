#!/usr/bin/env python3
"""A reader that crashes, hangs, breaks out or eats memory in one item: the
item costs an EIO and is passed over, by the mount and by a job; all others
come through. The faults are built into pstfs-reader-test (reader_hook.c)."""
import errno
import os

import held
import lib

MESSAGES = 60
CONFIG = '[reader]\ntimeout = %d\nsandbox = auto\n'
QUIET = (r'ended the reader', r'the reader', r'no size of item')
REASONS = {
    'CRASH': 'died of signal 6',
    'HANG': 'hung and was ended',
    'SOCKET': 'killed by its sandbox',
    'FILE': 'killed by its sandbox',
    'PROCESS': 'killed by its sandbox',
    'EAT': 'died of signal 6',
}


def victim(items):
    """An item whose subject no other has, as a mail file."""
    subjects = [i['subject'] for i in items]
    return next(i for i in items if i['subject'].isascii() and
                len(i['subject']) > 8 and
                sum(i['subject'] in s for s in subjects) == 1)


def set_fault(fault, subject):
    for name in REASONS:
        os.environ.pop('PSTFS_TEST_' + name, None)
    os.environ['PSTFS_TEST_' + fault] = subject
    os.environ['PSTFS_READER'] = lib.program('pstfs-reader-test')


def read_all(mount, store):
    """Errors by node, and how many files were read."""
    errors, good = {}, 0
    for paths in lib.tree_items(mount.path(store)).values():
        for path in paths:
            nid = lib.nid_of(path)
            try:
                lib.read(path, 'rb')
                good += 1
            except OSError as e:
                errors[nid] = e.errno
    return errors, good


def is_sandboxed(mount):
    return 'seccomp' in lib.read(mount.path('a.pst/.ctl/info'))


def check_mount(mount, items, nid, reason):
    errors, good = read_all(mount, 'a.pst')
    assert errors == {nid: errno.EIO}, errors
    assert good == len(items) - 1
    # Refused at once from now on: the reader is not asked, and lives.
    read_all(mount, 'a.pst')
    before = held.readers_of(mount.process.pid)
    errors, _ = read_all(mount, 'a.pst')
    assert errors == {nid: errno.EIO}, errors
    assert before == held.readers_of(mount.process.pid) and len(before) == 1
    info = lib.read(mount.path('a.pst/.ctl/info'))
    line = 'damage item 0x%x ended the reader: ' % nid
    assert any(li.startswith(line) and reason in li
               for li in info.splitlines()), info
    assert '\nhealth damaged\n' in info


def check_job(mount, items, nid, reason):
    status = mount.migrate('a.pst', 'maildir:' + lib.work('out'))
    assert status['state'] == 'partial', status
    assert status['failed'] == '1', status
    assert int(status['verified']) == len(items) - 1, status
    failed = os.listdir(mount.path('a.pst/.ctl/failed'))
    words = [lib.read(mount.path('a.pst/.ctl/failed', f))
             for f in failed if f.endswith('.txt')]
    assert len(words) == 1 and reason in words[0], words
    ledger = lib.read(mount.path('a.pst/.ctl/ledger.csv'))
    row = [li for li in ledger.splitlines() if li.startswith('0x%x,' % nid)]
    assert len(row) == 1 and ',failed,' in row[0] and reason in row[0], row


def check_fault(fault, job_first=False):
    items = lib.mkpst(lib.work('src', 'a.pst'), seed=31,
                      messages=MESSAGES)[2]
    bad = victim(items)
    set_fault(fault, bad['subject'])
    name = fault.lower() + ('-job' if job_first else '')
    reason = REASONS[fault]
    seconds = 2 if fault == 'HANG' else 30
    with lib.Mount(lib.work('src'), name=name, config=CONFIG % seconds,
                   quiet=QUIET) as mount:
        if 'sandbox' in reason and not is_sandboxed(mount):
            print('no sandbox in this build: left out')
            return
        checks = [check_mount, check_job]
        for check in reversed(checks) if job_first else checks:
            check(mount, items, int(bad['nid'], 16), reason)
    lib.run('rm', '-rf', lib.work('out'))


COUNTED = """#!/bin/sh
"%s" "$@"
code=$?
test $code != 134 || echo killed >> "%s"
exit $code
"""


def count_kills():
    """Readers from now on are counted when an item kills them: how often."""
    script, log = lib.work('counted'), lib.work('kills')
    open(log, 'w').close()
    with open(script, 'w') as f:
        f.write(COUNTED % (lib.program('pstfs-reader-test'), log))
    os.chmod(script, 0o755)
    os.environ['PSTFS_READER'] = script
    return lambda: len(lib.read(log).splitlines())


def failed_of(mount):
    status = mount.migrate('a.pst', 'maildir:' + lib.work('out'))
    return status['state'], status['failed']


def check_shared(job_first):
    """Two kills are paid once, by whoever meets the item first."""
    name = 'shared' + ('-job' if job_first else '')
    path = lib.work('src', 'a.pst')
    items = lib.mkpst(path, seed=31, messages=MESSAGES)[2]
    bad = victim(items)
    nid = int(bad['nid'], 16)
    set_fault('CRASH', bad['subject'])
    kills = count_kills()
    with lib.Mount(lib.work('src'), name=name, quiet=QUIET) as mount:
        if job_first:
            assert failed_of(mount) == ('partial', '1')
            assert kills() == 2, kills()
        assert read_all(mount, 'a.pst')[0] == {nid: errno.EIO}
        assert kills() == 2, kills()
        if not job_first:
            assert failed_of(mount) == ('partial', '1')
            assert kills() == 2, kills()
    with lib.Mount(lib.work('src'), name=name, quiet=QUIET) as mount:
        info = lib.read(mount.path('a.pst/.ctl/info'))
        assert 'damage item 0x%x ended the reader: ' % nid in info, info
        assert read_all(mount, 'a.pst')[0] == {nid: errno.EIO}
        assert kills() == 2, kills()
    os.utime(path)
    with lib.Mount(lib.work('src'), name=name, quiet=QUIET) as mount:
        assert read_all(mount, 'a.pst')[0] == {nid: errno.EIO}
        assert kills() == 4, kills()
    lib.run('rm', '-rf', lib.work('out'))


def test_shared():
    check_shared(job_first=False)


def test_shared_job_first():
    check_shared(job_first=True)


def test_crash():
    check_fault('CRASH')


def test_crash_job_first():
    check_fault('CRASH', job_first=True)


def test_hang():
    check_fault('HANG')


def test_socket():
    check_fault('SOCKET')


def test_file():
    check_fault('FILE')


def test_process():
    check_fault('PROCESS')


def test_memory():
    check_fault('EAT')


lib.main()
