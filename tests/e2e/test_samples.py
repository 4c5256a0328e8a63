#!/usr/bin/env python3
"""Real stores: the mount shows at least every item that pffexport and
readpst find in normal mode. Prints a line a file and every difference.

Needs PSTFS_SAMPLES, a directory of PST and OST files."""
import collections
import os
import re

import compare
import lib
import peers


def plain(subject):
    """Subjects as the three tools can agree on them."""
    return re.sub(r'[^a-z0-9]+', '', (subject or '').lower())


def pffexport(path, out):
    """Counter of (folder, subject) of what pffexport writes."""
    return collections.Counter(
        (os.path.basename(os.path.dirname(item)), pff_subject(item))
        for item in peers.pffexport(path, out)[0])


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
    peers.readpst(path, out)
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


def items_only(folder, dirs):
    """The subfolders that hold items."""
    return [d for d in dirs if d != '.ctl' and
            not lib.is_parts(os.path.join(folder, d))]


def files_of(root):
    found = collections.Counter()
    for folder, dirs, files in os.walk(root):
        dirs[:] = items_only(folder, dirs)
        for name in files:
            found[os.path.basename(folder),
                  file_subject(os.path.join(folder, name))] += 1
    return found


def less(ours, theirs):
    """Subjects that the others have more often than the mount, as
    {subject: (theirs, ours)}; items without a subject that all tools can
    spell (CJK ones) count together, as ''."""
    mine, other = collections.Counter(), collections.Counter()
    for (_, subject), n in ours.items():
        mine[subject] += n
    for (_, subject), n in theirs.items():
        other[subject] += n
    return {s: (n, mine[s]) for s, n in other.items() if n > mine[s]}


def defects(root):
    bad = []
    for folder, dirs, files in os.walk(root):
        dirs[:] = items_only(folder, dirs)
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
                if sum(theirs.values()) > sum(ours.values()):
                    failures.append((name, tool))
                for subject, (n, m) in less(ours, theirs).items():
                    print('  %s has %d of %r, the mount %d' % (
                        tool, n, subject, m))
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
        for name, least in (
                ('aspose-java-Personal_folders_part0-7bd2e4.pst', 3),
                ('aspose-net-Outlook-9a12e4.pst', 17)):
            found = files_of(mount.path(name))
            print(name, sum(found.values()), 'items')
            assert sum(found.values()) >= least, name


lib.main()
