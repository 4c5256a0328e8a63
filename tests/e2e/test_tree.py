#!/usr/bin/env python3
"""The mounted tree equals mkpst's manifest, item by item, attachments by
hash, in every format and cipher; and every .eml parses without a defect."""
import os

import compare
import lib

STORES = [
    ('unicode', 'none', 1), ('unicode', 'permute', 2),
    ('unicode', 'cyclic', 3), ('ansi', 'none', 4), ('ansi', 'permute', 5),
    ('ansi', 'cyclic', 6), ('ost4k', 'none', 7),
]


def check_file(path, item):
    ext = path.rsplit('.', 1)[-1]
    data = lib.read(path, 'rb')
    assert len(data) == os.stat(path).st_size, path
    if ext != 'eml':
        return compare.check_native(data, ext, item)
    message = compare.parse(data)
    return compare.defects(message) + compare.check_message(message, item)


def check_gmime(paths):
    """GMime's own warnings about our messages: none."""
    p = lib.run(lib.program('gmime-check'), check=False,
                input='\n'.join(paths) + '\n')
    assert p.returncode == 0, 'GMime warns:\n' + p.stdout[:3000]


def check_store(mount, place, manifest):
    header, folders, items = manifest
    by_nid = {int(item['nid'], 16): item for item in items}
    paths = {}
    shown = lib.tree_items(mount.path(place))
    for names, files in shown.items():
        for path in files:
            nid = lib.nid_of(path)
            assert nid not in paths, 'twice: %s and %s' % (path, paths[nid])
            paths[nid] = path
    missing = sorted(set(by_nid) - set(paths))
    extra = sorted(set(paths) - set(by_nid))
    assert not missing, 'missing: %s' % [by_nid[n] for n in missing][:5]
    assert not extra, 'not in the manifest: %s' % [paths[n] for n in extra][:5]
    wrong = []
    for nid, item in by_nid.items():
        differences = check_file(paths[nid], item)
        if differences:
            wrong.append('%s (%s): %s' % (paths[nid], item['nid'],
                                          '; '.join(differences)))
        when = item.get('delivered')
        if when and int(os.stat(paths[nid]).st_mtime) != when:
            wrong.append('%s: mtime' % paths[nid])
    assert not wrong, '%d items differ:\n%s' % (len(wrong),
                                                '\n'.join(wrong[:15]))
    check_gmime(p for p in paths.values() if p.endswith('.eml'))
    counts = {}
    for item in items:
        counts[tuple(item['folder'])] = counts.get(tuple(item['folder']),
                                                   0) + 1
    got = sorted(len(f) for f in shown.values() if f)
    assert got == sorted(counts.values()), 'items a folder: %s' % got
    print('%s: %d items in %d folders equal the manifest' % (
        place, len(items), len(folders)))


def test_trees():
    manifests = {}
    for form, crypt, seed in STORES:
        name = '%s-%s.pst' % (form, crypt)
        manifests[name] = lib.mkpst(lib.work('src', name), seed=seed,
                                    format=form, crypt=crypt, messages=250)
    wrong = []
    with lib.Mount(lib.work('src')) as mount:
        for name, manifest in manifests.items():
            try:
                check_store(mount, name, manifest)
            except AssertionError as e:
                wrong.append('%s: %s' % (name, e))
    assert not wrong, '\n'.join(wrong)


def test_many_seeds():
    manifests = {}
    for seed in range(20, 26):
        name = 'seed%d.pst' % seed
        manifests[name] = lib.mkpst(lib.work('seeds', name), seed=seed,
                                    messages=120)
    with lib.Mount(lib.work('seeds'), name='seeds.m') as mount:
        for name, manifest in manifests.items():
            check_store(mount, name, manifest)


def test_big_attachment():
    manifest = lib.mkpst(lib.work('big', 'big.pst'), seed=9, messages=20,
                         big='40M')
    with lib.Mount(lib.work('big'), name='big.m') as mount:
        check_store(mount, 'big.pst', manifest)


lib.main()
