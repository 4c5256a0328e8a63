#!/usr/bin/env python3
"""The readers of a running mount are held as promised, seen from outside; with
the sandbox switched off the same look finds that they are not."""
import os

import held
import lib

CONFIG = '[reader]\nsandbox = %s\n'
PARTS = ('no filter of system calls', 'is root')


def look(mode):
    """(line of info, faults of the reader, its owner)."""
    with lib.Mount(lib.work('src'), name=mode, config=CONFIG % mode) as mount:
        info = lib.key_values(lib.read(mount.path('a.pst/.ctl/info')))
        paths = sum(lib.tree_items(mount.path('a.pst')).values(), [])
        for path in paths:
            lib.read(path, 'rb')
        pids = held.readers_of(mount.process.pid)
        assert len(pids) == 1, pids
        store = os.readlink('/proc/%d/fd/%d' % (pids[0], held.STORE_FD))
        assert store == lib.work('src', 'a.pst'), store
        return info['sandbox'], held.faults(pids[0])


def test_held():
    lib.mkpst(lib.work('src', 'a.pst'), seed=3, messages=30)
    says, faults = look('auto')
    if 'seccomp' not in says:
        lib.skip('no sandbox here: ' + says)
    assert faults == [], faults


def test_off():
    """The test above can fail."""
    says, faults = look('off')
    assert says == 'off (setting)', says
    want = PARTS if os.getuid() == 0 else PARTS[:1]
    assert set(want) <= set(faults), faults


lib.main()
