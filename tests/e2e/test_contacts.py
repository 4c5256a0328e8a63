#!/usr/bin/env python3
"""Contacts, distribution lists and journal entries: each is what vobject and
strict checks of our own take, and has what the manifest says."""
import os
import re
import sys

import compare
import lib

try:
    import vobject
except ImportError:  # Debian's, for another interpreter
    sys.path.append('/usr/lib/python3/dist-packages')
    import vobject

# The grammar of RFC 2426 and RFC 5545, as far as a line goes.
LINE = re.compile(r'[A-Za-z0-9-]+(;[A-Za-z0-9-]+=("[^"\x00-\x08\x0a-\x1f]*"|'
                  r'[^";:,\x00-\x08\x0a-\x1f]*)(,("[^"\x00-\x1f]*"|'
                  r'[^";:,\x00-\x1f]*))*)*:.*')
ONCE = ('BEGIN', 'END', 'VERSION', 'FN', 'N', 'UID', 'REV', 'BDAY', 'CLASS',
        'PHOTO', 'NOTE', 'PRODID')


def lines_of(data):
    text = data.decode('utf-8')
    assert text.endswith('\n') and '\r' not in text
    for line in text.split('\n'):
        assert len(line.encode()) <= 75, line
    return compare.unfold(text).splitlines()


def values(lines, key):
    """Values of the lines whose name and parameters are key."""
    return [unescape(line[len(key) + 1:]) for line in lines
            if line.startswith(key + ':')]


def unescape(text):
    return re.sub(r'\\(.)', lambda m: '\n' if m[1] in 'nN' else m[1], text)


def check_card(path):
    data = lib.read(path, 'rb')
    lines = lines_of(data)
    for line in lines:
        assert LINE.fullmatch(line), (path, line)
    for name in ONCE:
        count = sum(re.split('[:;]', line)[0] == name for line in lines)
        assert count <= 1, (path, name)
    assert lines[0] == 'BEGIN:VCARD' and lines[-1] == 'END:VCARD', path
    card = vobject.readOne(data.decode())
    card.validate(raiseException=True)
    return lines


def check_contact(path, lines, contact):
    for addr in contact['emails']:
        got = [v for line in lines if line.startswith('EMAIL')
               for v in [line.split(':', 1)[1]]]
        assert addr in [unescape(v) for v in got], (path, addr, got)
    for kind, number in contact['phones'].items():
        assert any(line.startswith('TEL') and
                   unescape(line.split(':', 1)[1]) == number
                   for line in lines), (path, kind)
    assert unescape(next(line for line in lines if line.startswith('ORG:')))[
        4:].startswith(contact['org']) or contact['org'] == '', path
    for key, value in contact.get('more', {}).items():
        assert any(compare.same_text(v, value) for v in values(lines, key)), (
            path, key, value, [x for x in lines if x.startswith(key[:4])])


def members_of(lines):
    """[(name, address, list)] of a card."""
    found = []
    for line in lines:
        if not line.startswith('X-ADDRESSBOOKSERVER-MEMBER'):
            continue
        param = {k: q or p for k, q, p in re.findall(
            r';([A-Z-]+)=(?:"([^"]*)"|([^";:]*))', line)}
        value = re.sub(r'^[^:"]*(?:"[^"]*"[^:"]*)*:', '', line)
        found.append((param.get('X-CN', ''), value, param.get(
            'X-PSTFS-LIST', '')))
    return found


def check_list(path, lines, item, lists, stats):
    got = members_of(lines)
    note = '\n'.join(values(lines, 'NOTE'))
    assert 'X-ADDRESSBOOKSERVER-KIND:group' in lines, path
    own = [m for m in got if not m[2]]
    want = [m for m in item['list']['members'] if 'list' not in m]
    assert [m[1] for m in own] == ['mailto:' + m['addr'] for m in want], (
        path, own, want)
    for member in want:
        assert member['addr'] in note, (path, member)
    for member in item['list']['members']:
        if 'list' not in member:
            continue
        stats['nested'] += 1
        inner = lists[member['list']]['list']['members']
        inside = [m[1] for m in got if m[2]]
        for one in (m for m in inner if 'list' not in m):
            assert 'mailto:' + one['addr'] in inside, (path, one, inside)
    stats['lists'] += 1


def check_journal(path, item):
    data = lib.read(path, 'rb')
    lines = lines_of(data)
    for line in lines:
        assert LINE.fullmatch(line), (path, line)
    cal = vobject.readOne(data.decode())
    entry = cal.vjournal
    assert compare.same_text(getattr(entry, 'summary').value if
                             'summary' in entry.contents else '',
                             item['subject']), path
    journal = item['journal']
    assert entry.dtstart.value.timestamp() == journal['start'], path
    assert values(lines, 'X-PSTFS-JOURNAL-TYPE') == [journal['type']], path
    if journal['minutes']:
        assert values(lines, 'X-PSTFS-DURATION') == [
            'PT%dM' % journal['minutes']], path
    for name in ('UID', 'DTSTAMP'):
        assert len(values(lines, name)) == 1, (path, name)


def check_store(mount, name, items):
    by_nid = {int(item['nid'], 16): item for item in items}
    stats = {'contacts': 0, 'more': 0, 'lists': 0, 'nested': 0, 'journal': 0}
    for files in lib.tree_items(mount.path(name)).values():
        for path in files:
            item = by_nid[lib.nid_of(path)]
            if item.get('contact'):
                check_contact(path, check_card(path), item['contact'])
                stats['contacts'] += 1
                stats['more'] += 'more' in item['contact']
            elif item.get('list'):
                check_list(path, check_card(path), item, by_nid, stats)
            elif item.get('journal'):
                assert path.endswith('.ics'), path
                check_journal(path, item)
                stats['journal'] += 1
    print(name, stats)
    assert all(stats.values()), stats


def test_stores():
    manifests = {}
    for form, seed in (('unicode', 51), ('ansi', 52)):
        name = form + '.pst'
        manifests[name] = lib.mkpst(lib.work('src', name), seed=seed,
                                    format=form, messages=400)[2]
    with lib.Mount(lib.work('src')) as mount:
        for name, items in manifests.items():
            check_store(mount, name, items)


def test_version_4():
    """The setting changes the cards, and no size of the other version is
    believed: same state, both ways."""
    name = 'unicode.pst'
    items = lib.load_manifest(lib.work('src', name) + '.jsonl')[2]
    mount = lib.Mount(lib.work('src'), name='four')
    for version in ('3.0', '4.0', '3.0'):
        with open(mount.config, 'w') as f:
            f.write('[mount]\nvcard = %s\n' % version)
        with mount:
            for files in lib.tree_items(mount.path(name)).values():
                for path in files:
                    size = os.stat(path).st_size
                    if path.endswith('.vcf'):
                        data = lib.read(path, 'rb')
                        assert len(data) == size, path
                        check_four(path, data, version)
    assert items


def check_four(path, data, version):
    lines = lines_of(data)
    assert lines[1] == 'VERSION:' + version, path
    if version == '3.0':
        return
    for line in lines:
        assert LINE.fullmatch(line), (path, line)
        name = re.split('[:;]', line)[0]
        assert name not in ('X-ADDRESSBOOKSERVER-MEMBER', 'X-SPOUSE', 'CLASS',
                            'LABEL'), (path, line)
        if name in ('BDAY', 'ANNIVERSARY'):
            assert re.fullmatch(r'[A-Z]+:\d{8}', line), (path, line)
        if name == 'REV':
            assert re.fullmatch(r'REV:\d{8}T\d{6}Z', line), (path, line)
        if name == 'MEMBER':
            assert re.search(r':(mailto|urn):', line) or ':mailto:' in line \
                or ':urn:' in line, (path, line)
        if name == 'PHOTO':
            assert line.startswith('PHOTO:data:image/'), path


def test_samples():
    if not os.path.isdir(lib.SAMPLES):
        return
    cards = 0
    with lib.Mount(lib.SAMPLES, name='samples', clean=False) as mount:
        for folder, dirs, files in os.walk(mount.point):
            dirs[:] = [d for d in dirs if d not in ('.ctl', 'Recovered')]
            for path in (os.path.join(folder, f) for f in files
                         if f.endswith('.vcf')):
                lines = check_card(path)
                cards += 1
                if 'dist-list' in path:
                    print(os.path.basename(path), members_of(lines))
    print('%d cards in the samples' % cards)


lib.main()
