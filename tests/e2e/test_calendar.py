#!/usr/bin/env python3
"""Calendar files of a mount: libical finds nothing wrong in them, and every
series expands to the instances that its blob has by recur_expand.py, for two
years from its start. Prints a table of kinds.

With PSTFS_SAMPLES the real stores there are compared as well."""
import base64
import collections
import email
import email.policy
import glob
import json
import os

import compare
import lib
import recur_expand

BATCH = 200
KINDS = ('daily', 'daily, weekdays', 'weekly', 'monthly',
         'monthly, day 29-31', 'monthly, last day', 'monthly, nth',
         'monthly, nth weekday', 'monthly, nth weekend day',
         'monthly, nth day', 'yearly', 'yearly, day 29-31',
         'yearly, last day', 'yearly, nth', 'yearly, nth weekday',
         'yearly, nth weekend day', 'yearly, nth day', 'other calendar',
         'task: weekly', 'task: monthly', 'task: yearly',
         'task: regenerating')
ENDS = ('never', 'count', 'date')


def raw_rows(store):
    """{nid: row} of the items with a recurrence blob."""
    out = lib.run(lib.program('calendar-raw'), store).stdout
    rows = {}
    for line in out.splitlines():
        row = json.loads(line)
        for key, value in row.items():
            if isinstance(value, str):
                row[key] = bytes.fromhex(value)
        rows[row['nid']] = row
    return rows


def calendar_text(path):
    """The iCalendar of an item's file: itself, or a part of a mail."""
    data = lib.read(path, 'rb')
    if path.endswith('.ics'):
        return data
    if path.endswith('.eml') and b'text/calendar' in data:
        message = email.message_from_bytes(data, policy=email.policy.default)
        for part in message.walk():
            if part.get_content_type() == 'text/calendar':
                return part.get_payload(decode=True)
    return None


def calendars(mount, store, into):
    """{nid: file} of all calendar objects of a mounted store."""
    os.makedirs(into, exist_ok=True)
    found = {}
    for paths in lib.tree_items(mount.path(store)).values():
        for path in paths:
            text = calendar_text(path)
            if text is None:
                continue
            nid = lib.nid_of(path)
            found[nid] = os.path.join(into, '%x.ics' % nid)
            with open(found[nid], 'wb') as f:
                f.write(text)
    return found


def judge(files):
    """{file: what libical says}"""
    said = {}
    for i in range(0, len(files), BATCH):
        out = lib.run(lib.program('ical-expand'), *files[i:i + BATCH]).stdout
        for line in out.splitlines():
            row = json.loads(line)
            said[row['file']] = row
    return said


def compare_series(row, said):
    """(kind, end, differences) of one series."""
    if 'recur' in row:
        p, want = recur_expand.expand_event(row)
    else:
        p, want = recur_expand.expand_task(row)
    kind = recur_expand.describe(p)
    if 'recur' not in row:
        kind = 'task: ' + kind
    end = recur_expand.describe_end(p)
    if p.sliding or not p.is_gregorian():
        return kind, end, []
    got = {i[0]: (i[1], i[2]) for i in said['instances'] if not i[3]}
    if 'recur' not in row:
        first = min(got, default='')
        got = {k: (v[0], None) for k, v in got.items()}
        want = {k: v for k, v in want.items() if k >= first}
    last = max(want, default='')
    got = {k: v for k, v in got.items() if k <= last}
    bad = ['%s is missing' % k for k in want if k not in got]
    bad += ['%s is too many' % k for k in got if k not in want]
    bad += ['%s at %s, not %s' % (k, got[k], want[k]) for k in want
            if k in got and got[k] != want[k]]
    return kind, end, bad


def components(text):
    """The property lines of each event and task of a file, unfolded."""
    found = []
    for line in compare.unfold(text).splitlines():
        if line in ('BEGIN:VEVENT', 'BEGIN:VTODO'):
            found.append([])
        elif found:
            found[-1].append(line)
    return found


def contents(item):
    """What must be in the file of an item: (texts, attachments), those of
    changed instances too."""
    texts, parts = [], []
    if item.get('body_text_sha256'):
        texts.append(item['body_text_sha256'])
    for part in item['attachments']:
        if part['embedded']:
            more = contents(part['embedded'])
            texts += more[0]
            parts += more[1]
        else:
            parts.append(part['sha256'])
    return texts, parts


def check_contents(item, path):
    """Texts and attachments of the item that its file lacks."""
    texts, parts = contents(item)
    lines = [x for c in components(lib.read(path)) for x in c]
    had = collections.Counter()
    for line in lines:
        if line.startswith('DESCRIPTION:'):
            text = compare.native_value(line, 'DESCRIPTION').encode()
            for spelling in set(compare.spellings(text)):
                had[lib.sha256(spelling)] += 1
        elif line.startswith('ATTACH;') and ';VALUE=BINARY;' in line:
            # Base64 has no colon, a name may.
            had[lib.sha256(base64.b64decode(line.rpartition(':')[2]))] += 1
    want = collections.Counter(parts) + collections.Counter(set(texts))
    return ['no %s' % k for k, n in want.items() if had[k] < n]


class Table:
    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.bad = []
        self.files = self.instances = self.contents = 0

    def check(self, name, store, mount, items=()):
        rows = raw_rows(store)
        files = calendars(mount, name, lib.work('ics-' + os.path.basename(
            name)))
        said = judge(list(files.values()))
        self.check_items(files, items)
        self.files += len(files)
        for nid, path in files.items():
            if said[path]['errors']:
                self.bad.append((path, said[path]['errors'][:3]))
            if nid not in rows:
                continue
            kind, end, bad = compare_series(rows[nid], said[path])
            self.rows[kind][end] += 1
            self.instances += len(said[path]['instances'])
            if bad:
                self.rows[kind]['bad'] += 1
                self.bad.append((path, bad[:3]))
        return rows

    def check_items(self, files, items):
        """Bodies and attachments against the manifest; mail has its own."""
        for item in items:
            if item['class'] not in ('IPM.Appointment', 'IPM.Task'):
                continue
            bad = check_contents(item, files[int(item['nid'], 16)])
            self.contents += 1
            if bad:
                self.bad.append((item['nid'], bad[:3]))

    def show(self):
        columns = ENDS + ('bad',)
        print('%-28s' % 'kind' + ''.join('%7s' % c for c in columns))
        for kind in sorted(self.rows):
            print('%-28s' % kind + ''.join('%7d' % self.rows[kind][c]
                                           for c in columns))
        print('%d calendar files, %d instances, contents of %d items, '
              '%d differences' % (self.files, self.instances, self.contents,
                                  len(self.bad)))
        for path, why in self.bad[:20]:
            print(' ', path, why)
        assert not self.bad


def check_requests(mount, items):
    """The task that a mail gives away stands in it, with the right method."""
    methods = collections.Counter()
    for form, rows in items.items():
        want = {int(i['nid'], 16): i['class'] for i in rows
                if i['class'].startswith('IPM.TaskRequest')}
        for paths in lib.tree_items(mount.path(form + '.pst')).values():
            for path in paths:
                nid = lib.nid_of(path)
                if nid not in want:
                    continue
                text = calendar_text(path).decode()
                method = compare.native_value(text, 'METHOD')
                answer = want[nid] != 'IPM.TaskRequest'
                assert 'BEGIN:VTODO' in text, path
                assert method == ('REPLY' if answer else 'REQUEST'), path
                assert compare.native_value(text, 'ORGANIZER'), path
                assert compare.native_value(text, 'ATTENDEE'), path
                methods[method] += 1
    print('task requests:', dict(methods))
    assert methods['REPLY'] and methods['REQUEST']


def test_made_stores():
    sources = lib.work('made')
    table, items = Table(), {}
    for seed, form in ((1, 'unicode'), (2, 'ansi'), (3, 'ost4k')):
        items[form] = lib.mkpst(os.path.join(sources, form + '.pst'),
                                seed=seed, format=form, messages=500,
                                profile='calendar')[2]
    with lib.Mount(sources, name='made-mount') as m:
        for form in ('unicode', 'ansi', 'ost4k'):
            table.check(form + '.pst', os.path.join(sources, form + '.pst'),
                        m, items[form])
        check_requests(m, items)
    table.show()
    for kind in KINDS:
        for end in ENDS:
            assert table.rows[kind][end], 'no series: %s, %s' % (kind, end)


def test_samples():
    if not lib.SAMPLES:
        print('no PSTFS_SAMPLES')
        return
    table = Table()
    paths = [p for p in sorted(glob.glob(os.path.join(lib.SAMPLES, '*')))
             if p.endswith(('.pst', '.ost'))]
    with lib.Mount(lib.SAMPLES, name='sample-mount', clean=False) as m:
        for path in paths:
            table.check(os.path.basename(path), path, m)
    table.show()


if __name__ == '__main__':
    lib.main()
