#!/usr/bin/env python3
"""kill -9 at random moments, of the worker and of pstfs itself: started
again, the job ends with each item exactly once. PSTFS_KILLS and PSTFS_SEED
change the number of kills (per target) and the moments."""
import os
import random
import shutil
import time

import lib
from test_imap import check_mailbox
from test_maildir import check_maildir

KILLS = int(os.environ.get('PSTFS_KILLS', '20'))
SEED = int(os.environ.get('PSTFS_SEED', '0')) or random.randrange(1 << 30)
MESSAGES = 2500


def strike(mount, rng):
    """Kills a worker, or all of pstfs; the mount is up again afterwards."""
    workers = mount.workers()
    if rng.random() < 0.5 and workers:
        lib.kill_quietly(rng.choice(workers))
        return 'worker'
    mount.kill()
    mount.start()
    return 'pstfs'


def run_job(mount, target, rng):
    """Kills at random moments until enough; counts those that hit a run."""
    mount.start()
    mount.write('a.pst/.ctl/target', target + '\n')
    hits = {'worker': 0, 'pstfs': 0}
    while sum(hits.values()) < KILLS:
        time.sleep(rng.uniform(0.01, 0.35))
        status = mount.status('a.pst')
        if status['state'] not in ('running', 'queued'):
            break
        hits[strike(mount, rng)] += 1
    status = mount.wait('a.pst', 300)
    assert mount.stop() == 0
    return status, hits


def check_status(status, items):
    assert status['state'] == 'done', status
    total = int(status['total'])
    assert total == len(items)
    parts = sum(int(status[k]) for k in (
        'verified', 'filtered', 'duplicate', 'failed'))
    assert total == parts, status


def repeat(run_round):
    """Rounds of jobs until KILLS kills have hit one."""
    rng = random.Random(SEED)
    total, rounds = 0, 0
    while total < KILLS:
        hits = run_round(rounds, rng)
        total += sum(hits.values())
        rounds += 1
        assert rounds < 40, 'the kills come too late: %d' % total
    print('seed %d: %d kills in %d jobs' % (SEED, total, rounds))


def store():
    return lib.mkpst(lib.work('src', 'a.pst'), seed=70, messages=MESSAGES,
                     profile='mail')[2]


def test_maildir():
    items = store()

    def run_round(n, rng):
        mount = lib.Mount(lib.work('src'), name='md%d' % n)
        dest = lib.work('out%d' % n)
        status, hits = run_job(mount, 'maildir:' + dest, rng)
        check_status(status, items)
        check_maildir(dest, items)
        shutil.rmtree(dest)
        return hits
    repeat(run_round)


def test_imap():
    items = store()
    with lib.Dovecot() as server:
        def run_round(n, rng):
            mount = lib.Mount(lib.work('src'), name='im%d' % n,
                              config=server.settings())
            user = 'u%d@example.com' % n
            status, hits = run_job(mount, 'imap:' + user, rng)
            check_status(status, items)
            check_mailbox(server, user, items)
            return hits
        repeat(run_round)


lib.main()
