#!/usr/bin/env python3
"""Extended attributes user.pst.*: equal to the manifest, absent elsewhere,
and cheap for programs that ask for others."""
import errno
import os
import re
import unicodedata

import lib

ITEM = ['subject', 'from', 'to', 'date', 'class', 'message-id', 'entryid',
        'size', 'flags', 'nid']
FOLDER = ['items', 'unread', 'subfolders', 'class', 'nid']


def source():
    path = lib.work('src', 'a.pst')
    if not os.path.exists(path):
        lib.mkpst(path, seed=41, messages=200)
    return path, lib.load_manifest(path + '.jsonl')


def attributes(path):
    return {name: os.getxattr(path, name).decode()
            for name in os.listxattr(path)}


def same(got, want):
    def plain(text):
        text = re.sub(r'[\x00-\x20\x7f]+', ' ', text or '')
        return unicodedata.normalize('NFC', text).strip()
    return plain(got) == plain(want)


def check_item(path, got, item):
    assert list(got) == ['user.pst.' + n for n in ITEM], list(got)
    assert same(got['user.pst.subject'], item['subject']), (path, got)
    assert got['user.pst.class'] == item['class'], (path, got)
    nid = int(item['nid'], 16)
    assert int(got['user.pst.nid'], 16) == nid, (path, got)
    entry = bytes.fromhex(got['user.pst.entryid'])
    assert len(entry) == 24 and entry[20:] == nid.to_bytes(4, 'little'), entry
    assert ('attachments' in got['user.pst.flags'].split()) == \
        bool(item.get('attachments')), (path, got)
    assert re.fullmatch(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?',
                        got['user.pst.date']), got
    if item.get('message_id'):
        assert got['user.pst.message-id'].strip() == \
            item['message_id'].strip(), (path, got)
    for person in item.get('to') or []:
        assert not person.get('addr') or person['addr'].lower() in \
            got['user.pst.to'].lower() or '@' not in person['addr'], (
                path, got['user.pst.to'], person)


def test_equal_the_manifest():
    path, (_, _, items) = source()
    by_nid = {int(item['nid'], 16): item for item in items}
    with lib.Mount(path, name='eq') as mount:
        folders = lib.tree_items(mount.path('a.pst'))
        for names, files in folders.items():
            folder = mount.path('a.pst', *names)
            got = attributes(folder)
            assert list(got) == ['user.pst.' + n for n in FOLDER], list(got)
            if names:
                assert int(got['user.pst.items']) == len(files), (names, got)
                assert 0 <= int(got['user.pst.unread']) <= len(files), got
            inside = [n for n in folders if n[:len(names)] == names and
                      len(n) == len(names) + 1]
            assert int(got['user.pst.subfolders']) == len(inside), (names, got)
            for file in files:
                check_item(file, attributes(file), by_nid[lib.nid_of(file)])


def refused(what, *args):
    try:
        what(*args)
    except OSError as e:
        return e.errno
    raise AssertionError('%s%s was answered' % (what.__name__, args))


def test_others():
    path, _ = source()
    with lib.Mount(path, name='oth') as mount:
        file = next(f for fs in lib.tree_items(mount.path('a.pst')).values()
                    for f in fs)
        for name in ('security.selinux', 'security.capability',
                     'system.posix_acl_access', 'trusted.x'):
            assert refused(os.getxattr, file, name) == errno.EOPNOTSUPP, name
        for name in ('user.other', 'user.pst.nothing', 'user.pst.items'):
            assert refused(os.getxattr, file, name) == errno.ENODATA, name
        for control in ('.ctl/status', '.ctl', 'a.pst/.ctl/status'):
            assert os.listxattr(mount.path(control)) == [], control
            assert refused(os.getxattr, mount.path(control),
                           'user.pst.nid') == errno.ENODATA
        for parts in (d for d, _, _ in os.walk(mount.path('a.pst'))
                      if d.endswith(lib.PARTS)):
            assert os.listxattr(parts) == []
        assert refused(os.setxattr, file, 'user.pst.x', b'1') == errno.EROFS
        assert refused(os.removexattr, file, 'user.pst.nid') == errno.EROFS


def test_off():
    path, _ = source()
    with lib.Mount(path, name='off', options=['-o', 'no_xattr']) as mount:
        place = mount.path('a.pst')
        assert refused(os.getxattr, place, 'user.pst.nid') == \
            errno.EOPNOTSUPP
        assert refused(os.listxattr, place) == errno.EOPNOTSUPP


lib.main()
