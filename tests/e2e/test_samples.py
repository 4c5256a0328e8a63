#!/usr/bin/env python3
"""Real stores: the mount shows at least every item that pffexport and
readpst find in normal mode. Prints a line a file and every difference.

Needs PSTFS_SAMPLES, a directory of PST and OST files."""
import collections
import os
import re

import compare
import lib

ITEM = re.compile(r'^[A-Z][A-Za-z]+\d{5}$')


def plain(subject):
    """Subjects as the three tools can agree on them."""
    return re.sub(r'[^a-z0-9]+', '', (subject or '').lower())


def pffexport(path, out):
    """Counter of (folder, subject) of what pffexport writes."""
    lib.run('pffexport', '-q', '-m', 'items', '-t', out, path, check=False)
    found = collections.Counter()
    root = out + '.export'
    for folder, dirs, files in os.walk(root):
        for name in [d for d in dirs if ITEM.match(d)]:
            item = os.path.join(folder, name)
            found[os.path.basename(folder), pff_subject(item)] += 1
            dirs.remove(name)
    return found


def pff_subject(item):
    for name in sorted(os.listdir(item)):
        if name.endswith('.txt') and name != 'Recipients.txt':
            with open(os.path.join(item, name), errors='replace') as f:
                text = f.read()
            hit = re.search(r'^Subject:[ \t]*(.*)$', text, re.M)
            if hit:
                return plain(hit[1])
    return ''


def readpst(path, out):
    """Counter of (folder, subject) of what readpst -e writes."""
    os.makedirs(out)
    lib.run('readpst', '-q', '-e', '-o', out, path, check=False)
    return files_of(out)


def file_subject(path):
    data = lib.read(path, 'rb')
    if path.endswith('.eml'):
        try:
            return plain(str(compare.parse(data)['subject'] or ''))
        except Exception:
            return ''
    text = data.decode('utf-8', 'replace')
    name = 'FN' if path.endswith('.vcf') else 'SUMMARY'
    return plain(compare.native_value(text, name))


def files_of(root):
    found = collections.Counter()
    for folder, dirs, files in os.walk(root):
        if '.ctl' in dirs:
            dirs.remove('.ctl')
        for name in files:
            found[os.path.basename(folder),
                  file_subject(os.path.join(folder, name))] += 1
    return found


def by_folder(found):
    counts = collections.Counter()
    for (folder, _), n in found.items():
        counts[plain(folder)] += n
    return counts


def less(ours, theirs):
    """What the others have and the mount has not: folders by count."""
    mine, other = by_folder(ours), by_folder(theirs)
    return {f: (n, mine[f]) for f, n in other.items() if n > mine[f]}


def defects(root):
    bad = []
    for folder, dirs, files in os.walk(root):
        if '.ctl' in dirs:
            dirs.remove('.ctl')
        for name in files:
            path = os.path.join(folder, name)
            if name.endswith('.eml'):
                found = compare.defects(compare.parse(lib.read(path, 'rb')))
                if found:
                    bad.append('%s: %s' % (path, found[:2]))
    return bad


def test_samples():
    if not os.path.isdir(lib.SAMPLES):
        lib.skip('PSTFS_SAMPLES names no directory')
    names = sorted(n for n in os.listdir(lib.SAMPLES)
                   if n.endswith(('.pst', '.ost')))
    print('%-52s %6s %9s %7s' % ('file', 'mount', 'pffexport', 'readpst'))
    failures = []
    with lib.Mount(lib.SAMPLES, clean=False) as mount:
        for name in names:
            path = os.path.join(lib.SAMPLES, name)
            ours = files_of(mount.path(name))
            pff = pffexport(path, lib.work('pff', name))
            rp = readpst(path, lib.work('rp', name))
            print('%-52s %6d %9d %7d' % (
                name, sum(ours.values()), sum(pff.values()),
                sum(rp.values())))
            for tool, theirs in (('pffexport', pff), ('readpst', rp)):
                for folder, (n, m) in less(ours, theirs).items():
                    print('  %s has %d in %r, the mount %d' % (
                        tool, n, folder, m))
                    failures.append((name, tool, folder))
                for (folder, subject), n in (theirs - ours).items():
                    if subject and not any(
                            s == subject for _, s in ours):
                        print('  only %s: %r in %r' % (tool, subject,
                                                       folder))
            bad = defects(mount.path(name))
            for line in bad[:5]:
                print('  defect: ' + line)
            failures += bad
    assert not failures, '%d differences' % len(failures)


def test_named_files():
    """The two files that other readers give up on show their items."""
    if not os.path.isdir(lib.SAMPLES):
        lib.skip('PSTFS_SAMPLES names no directory')
    with lib.Mount(lib.SAMPLES, name='two', clean=False) as mount:
        for name in ('aspose-java-Personal_folders_part0-7bd2e4.pst',
                     'aspose-net-Outlook-9a12e4.pst'):
            found = files_of(mount.path(name))
            print(name, sum(found.values()), 'items')
            assert sum(found.values()) >= 5, name


lib.main()
