#!/usr/bin/env python3
"""Stores with a password: it is only a checksum in the file, so they are
shown as others are, unless the settings refuse them."""
import errno
import os

import lib

REFUSE = '[mount]\nrefuse_password = yes\n'


def make_stores():
    for name, options in (('locked.pst', {'password': 'secret'}),
                          ('open.pst', {})):
        lib.mkpst(lib.work('src', name), seed=9, messages=30, **options)


def items(mount, store):
    return sum(map(len, lib.tree_items(mount.path(store)).values()))


def errno_of(act, *args):
    try:
        act(*args)
    except OSError as e:
        return e.errno
    return 0


def test_shown():
    make_stores()
    with lib.Mount(lib.work('src')) as mount:
        assert items(mount, 'locked.pst') == items(mount, 'open.pst') == 30
        info = lib.key_values(lib.read(mount.path('locked.pst/.ctl/info')))
        assert info['password'] == 'yes' and 'refused' not in info
        info = lib.key_values(lib.read(mount.path('open.pst/.ctl/info')))
        assert info['password'] == 'no'
        status = mount.migrate('locked.pst', 'maildir:' + lib.work('out'))
        assert status['state'] == 'done', status


def test_refused():
    make_stores()
    with lib.Mount(lib.work('src'), name='r', config=REFUSE) as mount:
        assert items(mount, 'open.pst') == 30
        locked = mount.path('locked.pst')
        assert os.path.isdir(locked)
        assert errno_of(os.listdir, locked) == errno.EACCES
        inbox = os.path.join(locked, 'Top of Personal Folders/Inbox')
        assert errno_of(os.stat, inbox) == errno.EACCES
        info = lib.key_values(lib.read(locked + '/.ctl/info'))
        assert 'has a password' in info['refused'], info
        assert 'has a password' in lib.read(locked + '/.ctl/log')
        assert 'refused' in lib.read(mount.log_path)
        status = mount.migrate('locked.pst', 'maildir:' + lib.work('no'))
        assert status['state'] == 'failed', status
        assert 'has a password' in status['error'], status
        assert not os.path.exists(lib.work('no', 'new'))
        status = mount.migrate('open.pst', 'maildir:' + lib.work('yes'))
        assert status['state'] == 'done', status


lib.main()
