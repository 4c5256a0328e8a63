#!/usr/bin/env python3
"""The message file (.msg) of every item: the container by a strict reader
(cfb_read) and by libgsf, what is in it by a strict reader (msg_read) against
the upload stream and the manifest, and as Debian's msgconvert tells it. With
PSTFS_SAMPLES every store there too."""
import email
import email.policy
import errno
import json
import os
import re
import shutil
import subprocess
import uuid
from random import Random

import cfb_read
import fts_compare
import fts_decode
import lib
import msg_read
import pst_props

FORMATS = [('unicode', 'permute'), ('ansi', 'cyclic'), ('ost4k', 'none')]
TEXT, MULTI, FLAGS, DATA, SUPPORT = 0x84B0, 0x1000, 0x0E07, 0x3701, 0x340D
# Of the message file only: counted by it, and what says that it is Unicode.
OWN = {0x3000, 0x0E21, SUPPORT}
CONVERTED = 4
LIST_VALUE = re.compile(r'Unknown FILE entry __substg1 0_\w{4}1\w{3} \d+$')


def exported(mount, place, nid, kind='msg'):
    return lib.read(mount.path(place, '.ctl/export', '0x%x.%s' % (nid, kind)),
                    'rb')


# ---- against the upload stream ----

def key_of(key):
    if isinstance(key, tuple):
        return uuid.UUID(bytes_le=key[0]), key[1]
    return key


def texts(p):
    """A property of the stream as msg_read has it."""
    def one(value):
        return value.decode('utf-16-le', 'surrogatepass')
    if p.type & ~MULTI != TEXT:
        return p.value
    return [one(v) for v in p.value] if p.type & MULTI else one(p.value)


def compare_props(where, stream, got, wrong):
    """Nothing of the stream is missing; what it leaves out may be there."""
    for key, p in stream.items():
        want, have = texts(p), got.get(key_of(key))
        if key in (FLAGS, DATA, SUPPORT) or want == '':
            continue
        if want != have:
            wrong.append('%s: %r is %.60r, not %.60r' % (
                where, key_of(key), have, want))
    known = {key_of(k) for k in stream} | OWN | fts_compare.LEFT_OUT
    known |= fts_compare.ENTRY_IDS | set().union(
        *fts_compare.LEFT_OUT_OF.values()) | {0x0E1F}
    # An empty value has no place in the stream.
    more = {k for k in set(got.props) - known if got.get(k) not in (b'', [])}
    if more:
        wrong.append('%s: not in the stream: %s' % (where, more))


def compare_message(where, stream, got, ole, wrong):
    compare_props(where, stream['props'], got, wrong)
    flags = int.from_bytes(stream['props'][FLAGS].value, 'little')
    if flags & ~got.number(FLAGS):
        wrong.append(where + ': flags')
    for name, mine in (('recipients', got.recipients),
                       ('attachments', got.attachments)):
        if len(stream[name]) != len(mine):
            wrong.append('%s: %d %s' % (where, len(mine), name))
    for i, (want, have) in enumerate(zip(stream['recipients'],
                                         got.recipients)):
        compare_props('%s to %d' % (where, i), want, have, wrong)
    for i, (want, have) in enumerate(zip(stream['attachments'],
                                         got.attachments)):
        compare_attachment('%s part %d' % (where, i), want, have, ole, wrong)


def compare_attachment(where, want, have, ole, wrong):
    compare_props(where, want['props'], have, wrong)
    if (want['embedded'] is None) != (have.message is None):
        wrong.append(where + ': embedded')
    elif want['embedded']:
        compare_message(where, want['embedded'], have.message, ole, wrong)
    data = want['props'].get(DATA)
    if have.storage is not None:
        if have.storage != ole:
            wrong.append(where + ': storage')
    elif (data.value if data else None) != have.get(DATA):
        wrong.append(where + ': data')


def check_store(mount, place, nids, ole=None):
    """Every item; what was found wrong, and how many storages there were."""
    wrong, files = [], {}
    for nid in nids:
        where = '%s 0x%x' % (place, nid)
        data = exported(mount, place, nid)
        try:
            files[nid] = msg_read.read(data)
        except cfb_read.Bad as e:
            wrong.append('%s: %s' % (where, e))
            continue
        stream = fts_decode.decode(exported(mount, place, nid, 'fts'))
        compare_message(where, stream, files[nid], ole, wrong)
    print('%-50s %4d items, %d wrong' % (place, len(nids), len(wrong)))
    assert not wrong, '\n'.join(w[:300] for w in wrong[:20])
    return files


# ---- against the manifest ----

def check_item(item, got):
    assert got.get(0x1A) == item['class'], item
    assert got.get(0x37, '') == item['subject'], item
    for kind, name in ((1, 'to'), (2, 'cc'), (3, 'bcc')):
        have = [(r.get(0x3001), r.get(0x3003)) for r in got.recipients
                if r.number(0x0C15) & 0xF == kind]
        want = [(p['name'], p['x500'] or p['addr']) for p in item[name]]
        if item['script'] in lossless(item):
            assert have == want, (item['nid'], have, want)
    check_body(got.get(0x1000), item['body_text_sha256'], item)
    parts = zip(item['attachments'], got.attachments, strict=True)
    for want, have in parts:
        check_part(want, have)


def lossless(item):
    """Scripts whose names the item's own code page can hold."""
    return (item['script'],) if item.get('unicode') else ('english',)


def check_body(text, want, item):
    if want and item.get('unicode'):
        plain = text.replace('\r\n', '\n').encode('utf-8', 'surrogatepass')
        assert lib.sha256(plain) == want, item['nid']


def check_part(want, have):
    if want['embedded']:
        check_item(dict(want['embedded'], nid='inner'), have.message)
    elif want['ole']:
        assert have.storage is not None and have.number(0x3705) == 6, want
    elif want['size']:
        assert lib.sha256(have.get(DATA)) == want['sha256'], want
    else:
        assert have.get(DATA, b'') == b'', want


def make_ole(path):
    """A compound file by libgsf, and what is in it."""
    folder, inner = path + '.d', os.path.join(path + '.d', 'sub')
    os.makedirs(inner)
    want = cfb_read.Storage(sub=cfb_read.Storage())
    random = Random(7)
    for place, name, size, to in (
            (folder, 'empty', 0, want), (folder, 'small', 63, want),
            (folder, 'CONTENTS', 70001, want),
            (inner, '\u00e4\u4e2d', 4096, want['sub'])):
        to[name] = random.randbytes(size)
        with open(os.path.join(place, name), 'wb') as f:
            f.write(to[name])
    lib.run('gsf', 'createole', path,
            *[os.path.join(folder, n) for n in sorted(os.listdir(folder))],
            env=dict(os.environ, LC_ALL='C.UTF-8'))
    return want


def test_made():
    if not shutil.which('gsf'):
        lib.skip('no gsf')
    folder, storages = lib.work('made.src'), 0
    ole = make_ole(lib.work('object.ole'))
    stores = {}
    for form, crypt in FORMATS:
        place = '%s-%s.pst' % (form, crypt)
        stores[place] = lib.mkpst(
            os.path.join(folder, place), seed=12, messages=100, format=form,
            crypt=crypt, ole=lib.work('object.ole'), attachment_rate=30)[2]
    with lib.Mount(folder, name='made') as mount:
        for place, items in stores.items():
            by_nid = {int(item['nid'], 16): item for item in items}
            files = check_store(mount, place, sorted(by_nid), ole)
            for nid, item in by_nid.items():
                check_item(dict(item, unicode='ansi' not in place),
                           files[nid])
                storages += sum(a.storage is not None
                                for a in files[nid].attachments)
    assert storages > 5, storages


def test_samples():
    if not lib.SAMPLES:
        print('no samples: set PSTFS_SAMPLES')
        return
    with lib.Mount(lib.SAMPLES, name='samples') as mount:
        for place in sorted(os.listdir(lib.SAMPLES)):
            if place.endswith(('.pst', '.ost')):
                pst = pst_props.Pst(os.path.join(lib.SAMPLES, place))
                check_store(mount, place, list(pst.items()))


# ---- as other programs tell it ----

TELL = ('binmode STDOUT, ":utf8"; '
        'my $m = Email::Outlook::Message->new($ARGV[0]); '
        'print join "\\0", map { $_ // "" } @$m{qw(SUBJECT TO BODY_PLAIN)};')


def pick(items):
    """Mails that msgconvert can write (it spoils headers that are not ASCII):
    an embedded one, some with other attachments; and one of each script."""
    mails = [i for i in items if i['class'] == 'IPM.Note' and i['to'] and
             i['body_text_sha256'] and 0 < len(i['attachments']) < 9 and
             not any(p['ole'] for p in i['attachments'])]
    plain = [i for i in mails if json.dumps(i, ensure_ascii=False).isascii()]
    inner = [i for i in plain if any(p['embedded'] for p in i['attachments'])]
    rest = [i for i in plain if i not in inner]
    scripts = {i['script']: i for i in mails}
    return inner[:1] + rest[:CONVERTED - 1], list(scripts.values())


def check_told(item, path):
    """Texts as the module behind msgconvert reads them."""
    data = subprocess.run(['perl', '-MEmail::Outlook::Message', '-e', TELL,
                           path], check=True, capture_output=True).stdout
    subject, to, body = data.decode().split('\0')
    assert subject == item['subject'], item['nid']
    assert to == '; '.join(p['name'] for p in item['to']), item['nid']
    body = body.replace('\r\n', '\n').encode()
    assert lib.sha256(body) == item['body_text_sha256'], item['nid']


def check_converted(item, path):
    p = subprocess.run(['msgconvert', '--outfile', '-', path],
                       capture_output=True)
    # It does not know the values of lists, and says so.
    said = [line for line in p.stderr.decode().splitlines()
            if not LIST_VALUE.match(line)]
    assert p.returncode == 0 and not said, said
    mail = email.message_from_bytes(p.stdout, policy=email.policy.default)
    subject = ' '.join(item['subject'].split())
    assert ' '.join(str(mail['Subject'] or '').split()) == subject, item['nid']
    for who in item['to'] + item['cc']:
        if who['addr'] and not who['x500']:
            told = str(mail['To']) + str(mail['Cc'])
            assert who['addr'] in told, (item['nid'], who, told)
    parts = [p for p in mail.walk() if not p.is_multipart()]
    bodies = [lib.sha256(p.get_payload(decode=True).replace(b'\r\n', b'\n'))
              for p in parts if p.get_content_type() == 'text/plain']
    assert item['body_text_sha256'] in bodies, (item['nid'], bodies)
    found = {lib.sha256(p.get_payload(decode=True) or b'') for p in parts}
    for part in item['attachments']:
        if part['embedded']:
            inner = [p for p in mail.walk()
                     if p.get_content_type() == 'message/rfc822']
            assert inner, item['nid']
        elif part['size']:
            assert part['sha256'] in found, (item['nid'], part)


def check_container(path, got):
    """libgsf lists and reads each stream as we do."""
    lines = lib.run('gsf', 'list', path).stdout.splitlines()
    sizes = sorted(int(line.split()[-2]) for line in lines
                   if line.startswith('f'))
    assert sizes == sorted(flat_sizes(got)), path
    name = '__properties_version1.0'
    data = subprocess.run(['gsf', 'cat', path, name], check=True,
                          capture_output=True).stdout
    assert data == got[name], path


def flat_sizes(storage):
    for value in storage.values():
        if isinstance(value, bytes):
            yield len(value)
        else:
            yield from flat_sizes(value)


def test_others():
    for tool in ('msgconvert', 'gsf'):
        if not shutil.which(tool):
            lib.skip('no ' + tool)
    path = lib.work('others.src', 'a.pst')
    items = lib.mkpst(path, seed=21, messages=300, attachment_rate=50)[2]
    picked, scripts = pick(items)
    assert len(picked) == CONVERTED and len(scripts) > 5
    with lib.Mount(lib.work('others.src'), name='others') as mount:
        for item in picked:
            file = mount.path('a.pst/.ctl/export', item['nid'] + '.msg')
            check_converted(item, file)
            check_container(file, cfb_read.read(lib.read(file, 'rb')))
        for item in scripts:
            check_told(item, mount.path('a.pst/.ctl/export',
                                        item['nid'] + '.msg'))


# ---- reading, and damage ----

def test_reading():
    """Any piece is what the whole has there; the size is known before; twice
    the same; pstctl gives the same."""
    path = lib.work('read.src', 'a.pst')
    lib.mkpst(path, seed=3, messages=20, big='3M')
    with lib.Mount(lib.work('read.src'), name='read') as mount:
        for nid in pst_props.Pst(path).items():
            data = exported(mount, 'a.pst', nid)
            file = mount.path('a.pst/.ctl/export/0x%x.msg' % nid)
            assert os.stat(file).st_size == len(data)
            with open(file, 'rb', 0) as f:
                for at in range(len(data) - 1, 0, -len(data) // 9 or -1):
                    f.seek(at)
                    assert f.read(4000) == data[at:at + 4000]
        item = next(p for paths in lib.tree_items(mount.path('a.pst')).values()
                    for p in paths)
        told = subprocess.run(
            [lib.program('pstctl'), '-m', mount.point, 'cat', '--format',
             'msg', item], check=True, capture_output=True).stdout
        assert told == exported(mount, 'a.pst', lib.nid_of(item))
    with lib.Mount(lib.work('read.src'), name='again') as mount:
        assert data == exported(mount, 'a.pst', nid)


def tells(got):
    return (msg_read.PS_HEADERS, 'X-Pstfs-Defect') in got.props or any(
        a.message and tells(a.message) for a in got.attachments)


def test_damaged():
    """Whatever is hit: a message file that is sound, and tells it."""
    sound, path = lib.work('sound.pst'), lib.work('hit.src', 'a.pst')
    lib.mkpst(sound, seed=6, messages=60, crypt='none')
    os.makedirs(os.path.dirname(path))
    data = bytearray(lib.read(sound, 'rb'))
    pst, hits, random = pst_props.Pst(sound), {}, Random(1)
    for nid in pst.items():
        blocks = sorted(pst.blocks_of(pst.nodes[nid][1]))
        if blocks:
            hits[nid] = random.choice(blocks)
    for block in set(hits.values()):
        off, _, stored = pst.blocks[block]
        for at in range(off, off + stored, 16):
            data[at] ^= 0x55
    with open(path, 'wb') as f:
        f.write(data)
    told = unread = 0
    with lib.Mount(os.path.dirname(path), name='hit',
                   quiet=['item', 'damage']) as mount:
        for nid in sorted(hits):
            try:
                told += tells(msg_read.read(exported(mount, 'a.pst', nid)))
            except OSError as e:
                assert e.errno == errno.EIO, e
                unread += 1
    print('hit %d, told %d, not readable %d' % (len(hits), told, unread))
    assert len(hits) > 30 and told > 10 and told + unread == len(hits)


if __name__ == '__main__':
    lib.main()
