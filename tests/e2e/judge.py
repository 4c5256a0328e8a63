"""Judges every file of mounted stores; tests/judge prints the table."""
import collections
import os
import subprocess
import sys

import bodies
import cases
import compare
import lib
import strict

# Debian's packages, should another python3 come first in the PATH.
sys.path.append('/usr/lib/python3/dist-packages')
import vobject  # noqa: E402

COLUMNS = ('files', 'gmime', 'email', 'strict', 'native', 'content', 'again')


class Score:
    """Figures and findings of one store."""

    def __init__(self, name):
        self.name = name
        self.n = collections.Counter()
        self.words = []

    def add(self, column, findings, where):
        self.n[column] += len(findings)
        self.words += ['%s: %s: %s' % (column, where, w) for w in findings]

    def bad(self):
        return len(self.words)


def files_below(root):
    """Item files. Attachments beside them (test_attachments has those) and
    the control directory are left out."""
    for folder, dirs, files in os.walk(root):
        if '.ctl' in dirs:
            dirs.remove('.ctl')
        dirs[:] = sorted(d for d in dirs if not d.endswith(lib.PARTS))
        for name in sorted(files):
            yield os.path.join(folder, name)


def gmime(paths):
    """What GMime warns of, line by line."""
    p = subprocess.run([lib.program('gmime-check')], input='\n'.join(paths),
                       stdout=subprocess.PIPE, text=True, check=False)
    return p.stdout.splitlines()


def native_findings(data, ext):
    """vobject reads it, and it can be written again."""
    try:
        found = list(vobject.readComponents(data.decode('utf-8')))
        if not found:
            return ['empty']
        for part in found:
            part.serialize(validate=False)
        return []
    except Exception as e:
        return ['%s: %s' % (type(e).__name__, str(e)[:100])]


def judge_file(path, score, digests):
    data = lib.read(path, 'rb')
    score.n['files'] += 1
    digests[path] = lib.sha256(data)
    if os.stat(path).st_size != len(data):
        score.add('strict', ['size is not that of the bytes'], path)
    if path.endswith('.eml'):
        message = compare.parse(data)
        score.add('email', compare.defects(message), path)
        score.add('strict', strict.check_eml(data, message), path)
    elif path.endswith(('.ics', '.vcf')):
        score.add('native', native_findings(data, path[-3:]), path)


def judge_tree(root, score):
    """All files of one store; {path below root: digest}."""
    digests = {}
    for path in files_below(root):
        judge_file(path, score, digests)
    score.add('gmime', gmime([p for p in digests if p.endswith('.eml')]),
              root)
    return {os.path.relpath(p, root): d for p, d in digests.items()}


# ---- content: what mkpst wrote down


def item_findings(path, item, keys):
    data = lib.read(path, 'rb')
    ext = path.rsplit('.', 1)[-1]
    if ext != 'eml':
        return compare.check_native(data, ext, item)
    message = compare.parse(data)
    found = compare.check_message(message, cases.plain_item(item))
    if 'case' in item:
        found += cases.check_case(message, data, item)
    if item.get('verbatim'):
        found += cases.check_signature(data, *keys)
    return found


def judge_manifest(root, manifest, score, keys):
    at = {lib.nid_of(p): p for p in files_below(root)}
    for item in manifest:
        path = at.get(int(item['nid'], 16))
        if path is None:
            score.add('content', ['not shown'], item['nid'])
        else:
            score.add('content', item_findings(path, item, keys), path)


# ---- content: what pffexport found, for stores that others wrote


def exported(path, out):
    """{digest: name} of all attachments that pffexport writes."""
    os.makedirs(os.path.dirname(out), exist_ok=True)
    lib.run('pffexport', '-q', '-m', 'items', '-t', out, path, check=False)
    found = {}
    for folder, _, files in os.walk(out + '.export'):
        if os.path.basename(folder) != 'Attachments':
            continue
        for name in files:
            file = os.path.join(folder, name)
            if os.path.getsize(file):
                found[lib.sha256(lib.read(file, 'rb'))] = file
    return found


def payload_digests(root):
    found = set()
    for path in files_below(root):
        data = lib.read(path, 'rb')
        if path.endswith('.eml'):
            for part in compare.parse(data).walk():
                if not part.is_multipart():
                    found.add(lib.sha256(compare.payload(part)))
        elif path.endswith('.vcf'):
            for card in vobject.readComponents(data.decode('utf-8', 'replace')):
                for photo in card.contents.get('photo', []):
                    if isinstance(photo.value, bytes):
                        found.add(lib.sha256(photo.value))
        found.add(lib.sha256(data))
    return found


def judge_export(root, path, score):
    want = exported(path, lib.work('pff', score.name))
    have = payload_digests(root)
    missing = [n for d, n in want.items() if d not in have]
    score.n['looked up'] = len(want)
    score.add('content', ['attachment %s is not there' %
                          os.path.relpath(n, lib.work('pff'))
                          for n in missing], score.name)


# ---- twice the same


class OtherWorld(lib.Mount):
    """A mount on another day, in another locale and time zone."""

    def command(self):
        return ['env', 'TZ=Asia/Kathmandu', 'LC_ALL=C.UTF-8', 'LANG=tr_TR',
                'faketime', '-f', '@2031-05-06 23:59:58'] + super().command()


def judge_again(sources, first, scores):
    config = '[reader]\nsandbox = off\n'
    with OtherWorld(*sources, name='other', config=config,
                    clean=False) as mount:
        for name, digests in first.items():
            for path, digest in digests.items():
                data = lib.read(mount.path(name, path), 'rb')
                if lib.sha256(data) != digest:
                    scores[name].add('again', ['other bytes'], path)


def table(scores):
    width = max(len(s.name) for s in scores)
    print('%-*s' % (width, 'store'), *('%8s' % c for c in COLUMNS))
    for s in scores:
        print('%-*s' % (width, s.name), *('%8d' % s.n[c] for c in COLUMNS))
    print('%-*s' % (width, 'all'),
          *('%8d' % sum(s.n[c] for s in scores) for c in COLUMNS))


def judge(stores, manifests, keys):
    """stores: {name: path}, all in one directory; manifests: {name: items}
    of those that mkpst wrote. The scores."""
    scores = {n: Score(n) for n in stores}
    sources = sorted({os.path.dirname(p) for p in stores.values()})
    first = {}
    with lib.Mount(*sources, name='judge', clean=False) as mount:
        for name, path in stores.items():
            root = mount.path(name)
            first[name] = judge_tree(root, scores[name])
            if name in manifests:
                judge_manifest(root, manifests[name], scores[name], keys)
            else:
                judge_export(root, path, scores[name])
                bodies.check(path, files_below(root), scores[name])
    judge_again(sources, first, scores)
    return list(scores.values())
