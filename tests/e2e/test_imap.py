#!/usr/bin/env python3
"""imap:ADDRESS into a real Dovecot: what arrives equals the manifest."""
import imaplib
import re
import shutil

import compare
import lib
from test_maildir import from_utf7

FLAG_WORDS = (('\\Draft', 'draft'), ('\\Flagged', 'flagged'),
              ('$Forwarded', 'forwarded'), ('\\Answered', 'replied'),
              ('\\Seen', 'read'))


def load_mailbox(server, user):
    """{node number: (folder, flags, seconds, bytes)}"""
    found = {}
    box = server.client(user)
    for line in box.list()[1]:
        name = re.search(rb'"/" (.*)$', line)[1].decode().strip('"')
        assert box.select('"%s"' % name, readonly=True)[0] == 'OK', name
        rows = box.uid('FETCH', '1:*',
                       '(FLAGS INTERNALDATE BODY.PEEK[])')[1]
        for row in rows:
            if not isinstance(row, tuple):
                continue
            ident = compare.parse(row[1])['X-Pstfs-Id']
            nid = int(ident.split('.')[1], 16)
            assert nid not in found, 'twice: %s in %s' % (ident, name)
            flags = {f.decode() for f in imaplib.ParseFlags(row[0])}
            found[nid] = (from_utf7(name), flags - {'\\Recent'}, row[0],
                          row[1])
    box.logout()
    return found


def seconds_of(head):
    import email.utils
    text = re.search(rb'INTERNALDATE "([^"]*)"', head)[1].decode()
    day, clock, zone = text.split(' ')[-3:]
    return int(email.utils.parsedate_to_datetime(
        '%s %s %s' % (day.replace('-', ' '), clock, zone)).timestamp())


def check_mailbox(server, user, items):
    found = load_mailbox(server, user)
    by_nid = {int(i['nid'], 16): i for i in items}
    assert set(found) == set(by_nid), (len(found), len(by_nid))
    wrong = []
    for nid, item in by_nid.items():
        folder, flags, head, data = found[nid]
        message = compare.parse(data)
        problems = compare.defects(message)
        if item['class'].startswith('IPM.Note'):
            problems += compare.check_message(message, item)
        want = {w for w, key in FLAG_WORDS if compare.want_flag(item, key)}
        if flags != want:
            problems.append('flags %s, not %s' % (flags, want))
        if item.get('delivered') and seconds_of(head) != item['delivered']:
            problems.append('date %s' % head)
        names = item['folder']
        if not any(set('./') & set(n) for n in names) and folder != '/'.join(names):
            problems.append('folder %r, not %r' % (folder, names))
        if problems:
            wrong.append('%s: %s' % (item['nid'], '; '.join(problems)))
    assert not wrong, '%d differ:\n%s' % (len(wrong), '\n'.join(wrong[:15]))


def migrate(server, user, name, **store):
    _, _, items = lib.mkpst(lib.work(name, 'a.pst'), **store)
    with lib.Mount(lib.work(name), name=name + '.m',
                   config=server.settings()) as mount:
        status = mount.migrate('a.pst', 'imap:' + user)
        assert status['state'] == 'done', status
        assert int(status['verified']) == len(items)
    return items


def test_formats():
    for mail_format in ('maildir', 'mdbox'):
        with lib.Dovecot('dove-' + mail_format, mail_format) as server:
            for n, (form, crypt) in enumerate((
                    ('unicode', 'permute'), ('ansi', 'cyclic'),
                    ('ost4k', 'none'))):
                user = 'u%d@example.com' % n
                items = migrate(server, user, 'src-%s-%s' % (mail_format,
                                                             form),
                                seed=50 + n, format=form, crypt=crypt,
                                messages=150)
                check_mailbox(server, user, items)
                print(mail_format, form, len(items), 'items')


def test_without_extensions():
    """No LITERAL+, no MULTIAPPEND, no UIDPLUS: slower, but the same."""
    extra = 'imap_capability = IMAP4rev1 NAMESPACE\n'
    with lib.Dovecot('dove-plain', extra=extra) as server:
        items = migrate(server, 'plain@example.com', 'src-plain', seed=60,
                        messages=60)
        check_mailbox(server, 'plain@example.com', items)


def test_wrong_password():
    lib.mkpst(lib.work('pw', 'a.pst'), seed=61, messages=5)
    with lib.Dovecot('dove-pw') as server:
        config = server.settings().replace('secret', 'wrong')
        with lib.Mount(lib.work('pw'), name='pw.m', config=config,
                       clean=False) as mount:
            status = mount.migrate('a.pst', 'imap:who@example.com')
            assert status['state'] == 'failed', status
            assert re.search('login|password|denied', status['error'],
                             re.I), status
            assert 'wrong' not in lib.read(mount.log_path)


def test_server_down():
    """The job waits, says for what, and can be cancelled meanwhile."""
    lib.mkpst(lib.work('down', 'a.pst'), seed=63, messages=5)
    config = lib.Dovecot('dove-down').settings()
    with lib.Mount(lib.work('down'), name='down.m', config=config,
                   quiet=['again in']) as mount:
        mount.write('a.pst/.ctl/target', 'imap:who@example.com\n')
        assert lib.wait_for(
            lambda: mount.status('a.pst')['error'] != '-', 20)
        status = mount.status('a.pst')
        assert status['state'] == 'running', status
        assert '127.0.0.1' in status['error'], status
        mount.write('a.pst/.ctl/action', 'cancel\n')
        assert mount.wait('a.pst', 10)['state'] == 'cancelled'


def test_server_restart():
    """The server goes away for a while in the middle: nothing twice."""
    _, _, items = lib.mkpst(lib.work('rs', 'a.pst'), seed=62, messages=1500)
    server = lib.Dovecot('dove-rs').start()
    try:
        with lib.Mount(lib.work('rs'), name='rs.m', clean=False,
                       config=server.settings()) as mount:
            mount.write('a.pst/.ctl/target', 'imap:rs@example.com\n')
            assert lib.wait_for(lambda: int(mount.status('a.pst').get(
                'ingested', 0)) > 100, 60)
            server.stop()
            server.start()
            status = mount.wait('a.pst')
            assert status['state'] == 'done', status
        check_mailbox(server, 'rs@example.com', items)
    finally:
        server.stop()


if __name__ == '__main__':
    if not shutil.which('dovecot', path='/usr/sbin:/usr/bin'):
        lib.skip('dovecot is not installed')
    lib.main()
