#!/usr/bin/env python3
"""Two independent readers against the manifest of stores made by mkpst.

usage: mkpst.py MKPST DIRECTORY [--quick]

libpff's pffexport and pffinfo, and libpst's readpst, read each store; what
they find must be what the manifest says; pst_layout.py checks what they do
not look at. Where a reader is known to be wrong
or silent the place below says so ("quirk"); nothing else is let pass.
"""
import email
import email.policy
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import pst_layout

MAIL = ('IPM.Note', 'IPM.Post', 'REPORT.IPM.Note.NDR',
        'IPM.Schedule.Meeting.Request')
ONE_SLBLOCK = 330  # attachments that surely fit one leaf of the subnode tree
XBLOCK_SLOT = 60 * 65512  # bytes an XBLOCK of one slot names in a 4k store
SHOWN = 5  # failures of one kind that are printed


class Tally:
    def __init__(self):
        self.passed = self.failed = 0
        self.kinds = Counter()

    def check(self, good, what, *detail):
        if good:
            self.passed += 1
            return True
        self.failed += 1
        self.kinds[what] += 1
        if self.kinds[what] <= SHOWN:
            print('FAIL', what, *[repr(d)[:160] for d in detail])
        return False

    def same(self, got, want, what, where=''):
        return self.check(got == want, what, where, got, want)


def run(*argv, **more):
    return subprocess.run(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True,
                          encoding='utf-8', errors='replace', **more)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def read(*path):
    with open(os.path.join(*path), 'rb') as f:
        return f.read()


def load(path):
    store, items, folders = None, [], []
    with open(path, encoding='utf-8') as f:
        for line in f:
            row = json.loads(line)
            if 'store' in row:
                store = row['store']
            elif 'folder_path' in row:
                folders.append(row)
            else:
                items.append(row)
    return store, items, folders


# ---- libpff ----

def pff_text(text, store, item):
    """Text as libpff gives it.

    quirk: 8-bit strings are taken as windows-1252, whatever 3FFD says;
    bytes that page lacks are U+FFFD.
    quirk: surrogate pairs come out as some other character beyond the BMP.
    """
    if store['format'] == 'ansi' and item['codepage'] != 1252:
        out = []
        # Windows and ICU write U+9AD9 as FBFC, Python as EEE0: both are read.
        raw = text.encode('cp%d' % item['codepage'])
        if item['codepage'] == 932:
            raw = raw.replace(b'\xee\xe0', b'\xfb\xfc')
        for byte in raw:
            try:
                out.append(bytes([byte]).decode('cp1252'))
            except UnicodeDecodeError:
                out.append('\ufffd')
        text = ''.join(out)
    return text


def flat(text):
    return re.sub('[\U00010000-\U0010ffff]', '\U0001f600', text)


def pff_subject(store, item):
    """quirk: of a subject without prefix mark that begins with a byte of
    0x80 and more the first two bytes are lost (a signed char < 0x20)."""
    raw = pff_text(item['subject'], store, item).encode()
    if not item['subject_marked'] and raw[:1] >= b'\x80':
        raw = raw[2:]
    return raw.decode('utf-8', 'replace')


def pff_fields(text):
    """Lines "Name:\\t\\tvalue" of the headers that pffexport writes."""
    found = {}
    for line in text.split('\n'):
        name, colon, value = line.partition(':')
        if colon and name not in found:
            found[name] = value.lstrip('\t')
    return found


def pff_main_file(where):
    for name in ('OutlookHeaders.txt', 'Appointment.txt', 'Contact.txt',
                 'Task.txt', 'Activity.txt', 'Note.txt', 'Meeting.txt',
                 'DistributionList.txt'):
        if os.path.exists(os.path.join(where, name)):
            return read(where, name).decode('utf-8', 'replace')
    return None


def pff_bodies(t, store, item, where):
    def file(name):
        full = os.path.join(where, name)
        return read(full) if os.path.exists(full) else None

    html, rtf, text = (file('Message.' + e) for e in ('html', 'rtf', 'txt'))
    if item['body_html_sha256'] and store['format'] != 'ansi':
        # quirk: in ANSI stores HTML is a string and is converted.
        t.same(html and sha(html), item['body_html_sha256'],
               'pffexport html', where)
    if item['rtf_sha256']:
        t.same(rtf and sha(rtf.rstrip(b'\0')), item['rtf_sha256'],
               'pffexport rtf', where)
    if item['body_text_sha256'] and not item['has_astral']:
        got = text and sha(text.replace(b'\r\n', b'\n'))
        t.same(got, item['body_text_sha256'], 'pffexport text', where)
    if not item['body_text_sha256']:
        t.check(text is None, 'pffexport made a text body', where)


def pff_recipients(t, store, item, where):
    want = [(pff_text(p['name'], store, item), p['x500'] or p['addr'], kind)
            for kind, key in (('To', 'to'), ('CC', 'cc'), ('BCC', 'bcc'))
            for p in item[key]]
    if not want:
        return
    text = read(where, 'Recipients.txt').decode('utf-8', 'replace')
    got = []
    for part in text.split('\n\n'):
        f = pff_fields(part)
        if f.get('Display name'):
            got.append((f['Display name'], f.get('Email address'),
                        f.get('Recipient type')))
    t.same([(flat(a), b, c) for a, b, c in got],
           [(flat(a), b, c) for a, b, c in want],
           'pffexport recipients', where)


def pff_parts(t, store, item, where):
    """Attachments: files "3_name", embedded messages in directories."""
    here = os.path.join(where, 'Attachments')
    listed = os.listdir(here) if os.path.isdir(here) else []
    files = {}
    for name in listed:
        number = re.match(r'(\d+)_', name)
        if number:
            files[int(number.group(1))] = os.path.join(here, name)
    for i, part in enumerate(item['attachments'], 1):
        if part['embedded']:
            inner = os.path.join(here, 'Attachment%05d' % i, 'Message00001')
            if t.check(os.path.isdir(inner), 'pffexport embedded', inner):
                pff_item(t, store, part['embedded'], inner)
            continue
        if part['size'] == 0 and i not in files:
            continue  # quirk: empty attachments are left out
        if not t.check(i in files, 'pffexport attachment', where, i):
            continue
        data = read(files[i])
        if store['format'] == 'ost4k' and part['size'] > XBLOCK_SLOT:
            continue  # quirk: a compressed XBLOCK is taken as it is
        t.same((len(data), sha(data)), (part['size'], part['sha256']),
               'pffexport attachment data', files[i])


def pff_item(t, store, item, where):
    text = pff_main_file(where)
    if not t.check(text is not None, 'pffexport item', where):
        return
    fields = pff_fields(text)
    want = pff_subject(store, item)
    t.same(flat(fields.get('Subject', '')), flat(want), 'pffexport subject',
           where)
    for key, name in (('delivered', 'Delivery time'),
                      ('submitted', 'Client submit time')):
        t.same(name in fields, item[key] is not None, 'pffexport ' + key,
               where)
    if item['class'] not in MAIL or item['class'].startswith('IPM.Sched'):
        return  # quirk: bodies of other classes are not exported
    pff_recipients(t, store, item, where)
    if item['rtf_stored']:
        return  # quirk: RTF without CRC ("MELA") ends the item's export
    pff_bodies(t, store, item, where)
    pff_parts(t, store, item, where)
    if item['headers'] and item['message_id']:
        headers = read(where, 'InternetHeaders.txt').decode()
        t.check('Message-ID: ' + item['message_id'] in headers,
                'pffexport message id', where)


def pff_places(log, base):
    """Directory of each item by its node number, from the log."""
    places = {}
    pattern = re.compile(r'Processing ([a-z ]+): (\d+) '
                         r'\(identifier: (\d+)\) in path: (.*)')
    for line in log.split('\n'):
        m = pattern.match(line)
        if not m or m.group(1) == 'folder' or '/Attachments/' in line:
            continue
        folder = os.path.join(base, m.group(4))
        suffix = '%05d' % (int(m.group(2)) + 1)
        for name in os.listdir(folder):
            if re.fullmatch('[A-Za-z]+' + suffix, name):
                places.setdefault(int(m.group(3)), []).append(
                    os.path.join(folder, name))
    return places


PFF_FORGIVEN = ('unable to decompress value data', 'mismatch in checksum',
                'RTF body', 'RTF message body',
                'unable to export message body', 'lzfu')


def check_pff(t, base, name, store, items):
    info = run('pffinfo', name, cwd=base)
    t.same((info.returncode, info.stderr), (0, ''), 'pffinfo', name)
    t.check(('64-bit' in info.stdout) == (store['format'] != 'ansi'),
            'pffinfo type', name)
    out = run('pffexport', '-q', '-f', 'all', '-m', 'items', '-l', 'pff.log',
              name, cwd=base)
    t.same(out.returncode, 0, 'pffexport status', name)
    bad = [l for l in out.stderr.split('\n') if l and
           not any(q in l for q in PFF_FORGIVEN)]
    t.same(bad, [], 'pffexport errors', name)
    if not any(i['any_rtf_stored'] for i in items):
        t.same(out.stderr, '', 'pffexport quiet', name)
    places = pff_places(read(base, 'pff.log').decode('utf-8', 'replace'),
                        base)
    for item in items:
        if item['class'] == 'IPM.Post':
            continue  # quirk: not exported
        where = places.get(int(item['nid'], 16), [])
        if t.same(len(where), 1, 'pffexport finds', (name, item['nid'])):
            pff_item(t, store, item, where[0])
    wanted = {int(i['nid'], 16) for i in items}
    t.same(set(places) - wanted, set(), 'pffexport finds more', name)


# ---- libpst ----

def pst_name(name):
    return re.sub(r'[/\\:]', '_', name)


def pst_kind(item):
    """File ending by class; quirk: posts, lists, tasks and notes are
    skipped."""
    if item['class'] in MAIL and item['class'] != 'IPM.Post':
        return '.eml'
    return {'IPM.Contact': '.vcf', 'IPM.Appointment': '.ics',
            'IPM.Activity': '.ics'}.get(item['class'])


def pst_parts(message):
    """(size, hash) of each attachment; embedded ones are left to libpff."""
    found = Counter()
    for part in message.walk():
        if part.get_filename() is None or part.is_multipart():
            continue
        data = part.get_payload(decode=True)
        found[(len(data), sha(data))] += 1
    return found


def pst_mail(t, item, message, where):
    want = Counter((p['size'], p['sha256']) for p in item['attachments']
                   if not p['embedded'] and p['size'])
    if any(p['embedded'] for p in item['attachments']):
        return
    if len(item['attachments']) > ONE_SLBLOCK:
        return  # quirk: subnode trees of two levels are not read
    got = pst_parts(message)
    missing = want - got
    t.check(not missing, 'readpst attachments', where, missing)


def pst_index(folder):
    """Messages of a directory by message id."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.eml'):
            continue
        message = email.message_from_bytes(read(folder, name))
        key = (message['Message-ID'] or '').strip()
        found.setdefault(key, []).append(message)
    return found


def check_pst_folder(t, where, path, items):
    names = os.listdir(where) if os.path.isdir(where) else []
    got = Counter(os.path.splitext(n)[1] for n in names
                  if os.path.isfile(os.path.join(where, n)))
    want = Counter(filter(None, map(pst_kind, items)))
    t.same(got, want, 'readpst counts', path)
    if not want['.eml']:
        return
    index = pst_index(where)
    for item in items:
        if pst_kind(item) != '.eml' or not item['message_id']:
            continue
        found = index.get(item['message_id'], [])
        if t.same(len(found), 1, 'readpst message id',
                  (path, item['nid'], item['class'])):
            pst_mail(t, item, found[0], (path, item['nid']))


def check_readpst(t, base, name, items):
    out = os.path.join(base, 'readpst')
    os.mkdir(out)
    # quirk: with parallel jobs readpst loses items and cuts files.
    r = run('readpst', '-j', '0', '-D', '-e', '-o', out, name, cwd=base)
    t.same(r.returncode, 0, 'readpst status', name)
    folders = {}
    for item in items:
        folders.setdefault(tuple(item['folder']), []).append(item)
    top = os.path.join(out, 'mkpst store')
    for path, there in folders.items():
        at = path.index('Top of Personal Folders') + 1
        check_pst_folder(t, os.path.join(top, *map(pst_name, path[at:])),
                         path, there)


# ---- all ----

def prepare(item):
    """Adds what the quirks need to know, for the item and those in it."""
    inner = [p['embedded'] for p in item['attachments'] if p['embedded']]
    for i in inner:
        prepare(i)
    item['has_astral'] = item['script'] == 'emoji'
    item['any_rtf_stored'] = item['rtf_stored'] or \
        any(i['any_rtf_stored'] for i in inner)


def check_counts(t, items, folders, store):
    got = Counter(tuple(i['folder']) for i in items)
    for f in folders:
        if f['search']:
            continue  # links to items that are elsewhere
        t.same(got.pop(tuple(f['folder_path']), 0), f['items'],
               'manifest folder', f['folder_path'])
    t.same(got, Counter(), 'manifest folders')
    t.same(len(items), store['messages'], 'manifest messages')


def check_store(t, mkpst, base, options):
    shutil.rmtree(base, ignore_errors=True)
    os.makedirs(base)
    made = run(mkpst, *options, 'store.pst', cwd=base)
    if not t.same((made.returncode, made.stderr), (0, ''), 'mkpst', options):
        return
    store, items, folders = load(os.path.join(base, 'store.jsonl'))
    for item in items:
        prepare(item)
    before = t.failed
    check_counts(t, items, folders, store)
    t.same(pst_layout.check(os.path.join(base, 'store.pst')), [], 'layout',
           options)
    check_pff(t, base, 'store.pst', store, items)
    check_readpst(t, base, 'store.pst', items)
    print('%-4s %s: %d items' % ('ok' if t.failed == before else 'BAD',
                                 ' '.join(options), len(items)))
    shutil.rmtree(base)


def check_same_twice(t, mkpst, base):
    os.makedirs(base, exist_ok=True)
    sums = set()
    for _ in range(2):
        run(mkpst, '--seed', '42', '--messages', '60', 'twice.pst', cwd=base)
        sums.add(sha(read(base, 'twice.pst')) + sha(read(base,
                                                         'twice.jsonl')))
    t.same(len(sums), 1, 'same seed, same bytes')
    shutil.rmtree(base)


def check_layout_check(t, mkpst, base):
    """The layout check must see damage, one byte at a time."""
    os.makedirs(base, exist_ok=True)
    run(mkpst, '--messages', '20', 'x.pst', cwd=base)
    data = bytearray(read(base, 'x.pst'))
    for at in (0x20, 0x4400 + 40, 0x4400 + 1024, len(data) - 253952 + 1):
        data[at] ^= 1
        with open(os.path.join(base, 'y.pst'), 'wb') as f:
            f.write(data)
        t.check(pst_layout.check(os.path.join(base, 'y.pst')),
                'damage is seen', at)
        data[at] ^= 1
    shutil.rmtree(base)


def plans(quick):
    forms = [('unicode', c) for c in ('none', 'permute', 'cyclic')] + \
            [('ansi', c) for c in ('none', 'permute', 'cyclic')] + \
            [('ost4k', 'none')]
    for seed in ('1',) if quick else ('1', '7', '20'):
        for form, crypt in forms:
            yield ['--seed', seed, '--format', form, '--crypt', crypt]
    if not quick:
        yield ['--profile', 'mail', '--messages', '1500', '--largest', '70']
        yield ['--profile', 'mail', '--messages', '1500', '--format', 'ansi',
               '--folders', '40', '--depth', '9']
        yield ['--seed', '5', '--big', '20M', '--messages', '30']


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    t = Tally()
    mkpst, base = map(os.path.abspath, sys.argv[1:3])
    base = os.path.join(base, 'mkpst-test')
    check_same_twice(t, mkpst, base)
    check_layout_check(t, mkpst, base)
    for options in plans('--quick' in sys.argv[3:]):
        check_store(t, mkpst, base, options)
    print('%d passed, %d failed' % (t.passed, t.failed))
    sys.exit(1 if t.failed else 0)


if __name__ == '__main__':
    main()
