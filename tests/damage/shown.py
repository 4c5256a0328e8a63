"""What a mount shows of a store, and how it differs from the sound store."""
import collections
import hashlib
import os
import re

ITEM_KIND, FOLDER_KINDS = 4, (2, 3)  # fs/node.h
LOST = 'Lost and found'
TAG = re.compile(r' \([0-9a-f]{1,8}(-\d+)?\)$')  # fs/nameset.c
# A word about damage, as each format has it, with its folded lines.
MARK = re.compile(rb'^\[?X-PSTFS-DEFECT[:;][^\n]*\n(?:[ \t][^\n]*\n)*',
                  re.I | re.M)
# What is made from an item's number and the store's key: an item that no index
# names has another number.
OWN_ID = re.compile(rb'^X-Pstfs-Id: ([0-9a-f]{32})\.([0-9a-f]{8})\n', re.M)
NUMBERED = re.compile(rb'=_pstfs_[0-9a-f]{16}|[0-9a-f]{32}\.[0-9a-f]{8}|'
                      rb'[0-9a-f]{8}\.[0-9a-f]{32}')
# Named properties are known only by the store's list of names.
NAMES = 0x61
NAMES_MARK = re.compile(rb'names of properties', re.I)
MADE_UP = 0xC0000000  # numbers from here on are of such items


def kind_of(st):
    return st.st_ino >> 60


def nid_of(st):
    return (st.st_ino >> 16 & 0x7FFFFFF) << 5 | 4


class File:
    """One item file. error: the errno that reading it gave; hash: of what it
    holds beside words about damage and its id; marked: there are such words."""

    def __init__(self, path, folder, st):
        self.folder, self.path = folder, path
        self.name = plain_name(os.path.basename(path))
        self.ext = os.path.splitext(path)[1]
        self.nid, self.size, self.time = nid_of(st), st.st_size, st.st_mtime
        self.error, self.hash, self.marked = 0, '', False
        self.nameless = False # says that named properties may be missing
        self.id = None  # (key of the store, nid)
        try:
            with open(path, 'rb') as f:
                data = f.read()
        except OSError as e:
            self.error = e.errno
            return
        self.read = len(data)
        words = b''.join(MARK.findall(data))
        self.marked = bool(words)
        self.nameless = NAMES_MARK.search(
            words.replace(b'\n ', b'')) is not None
        found = OWN_ID.search(data)
        if found:
            self.id = found[1], found[2]
        for what in (MARK, NUMBERED):
            data = what.sub(b'', data)
        self.hash = hashlib.sha256(data).hexdigest()


def plain_name(name):
    """Without what tells two of one name apart: others may be gone."""
    stem, ext = os.path.splitext(name)
    return TAG.sub('', stem) + ext


class Shown:
    """All items of a store, read in full through the mount."""

    def __init__(self, root):
        self.files, self.errors, self.info = {}, [], []
        self.twice = []
        self.walk(root, ())
        with open(os.path.join(root, '.ctl/info'), errors='replace') as f:
            self.info = f.read().splitlines()

    def walk(self, path, folder):
        try:
            names = os.listdir(path)
        except OSError as e:
            self.errors.append((path, e.errno))
            return
        for name in names:
            below = os.path.join(path, name)
            try:
                st = os.lstat(below)
            except OSError as e:
                self.errors.append((below, e.errno))
                continue
            if kind_of(st) == ITEM_KIND:
                self.add(File(below, folder, st))
            elif kind_of(st) in FOLDER_KINDS:
                self.walk(below, folder + (name,))

    def add(self, item):
        if item.nid in self.files:
            self.twice.append(item)
        else:
            self.files[item.nid] = item

    def damage(self):
        """The lines of info that tell of damage."""
        return [line for line in self.info if line.startswith('damage ')]

    def codepage(self):
        return [line for line in self.info if line.startswith('codepage ')]

    def deaths(self):
        return [line for line in self.info if 'ended the reader' in line]

    def told(self, nid):
        """info names the item as damaged."""
        return any(re.match(r'damage item 0x%x\b' % nid, line)
                   for line in self.info)

    def folder_told(self):
        return any(line.startswith('damage folder') for line in self.info)


# Numbers of intact items of the sound store; of those, the ones that are
# shown with their bytes, and the ones that lack what all items share (names of
# properties, a code page) and the store has lost; of other files that come with a word about what happened
# to them; and of items that are not what they were and have no such word, with
# what is wrong about each.
Difference = collections.namedtuple('Difference',
                                    'intact shown less hurt wrong')


def wrong_id(now, was):
    """A store whose key is lost has none; another one would be a lie."""
    return now.id and was.id and now.id != was.id and now.id[0].strip(b'0')


def wrong_place(now, was):
    if now.name != was.name:
        return 'name %r was %r' % (now.name, was.name)
    if now.time != was.time:
        return 'time %d was %d' % (now.time, was.time)
    if now.folder[-1:] != was.folder[-1:] and LOST not in now.folder:
        return 'folder %r was %r' % (now.folder, was.folder)
    return ''


def wrong_of(now, was, shown):
    """What is wrong with an item of which there is no word, or ''."""
    if now.error:
        return ''
    if now.read != now.size:
        return 'size %d, bytes %d' % (now.size, now.read)
    if now.marked or shown.told(now.nid):
        return ''
    if not was:
        return 'was not there'
    if now.hash != was.hash:
        return 'bytes'
    if wrong_id(now, was):
        return 'id %r was %r' % (now.id, was.id)
    return '' if shown.folder_told() else wrong_place(now, was)


def pair(sound, shown):
    """{nid in the sound store: nid now} of items with the same bytes; those
    with made-up numbers by their bytes alone."""
    pairs, loose = {}, collections.defaultdict(list)
    for nid, now in shown.files.items():
        if nid >= MADE_UP:
            loose[now.hash].append(nid)
    for nid, was in sound.files.items():
        now = shown.files.get(nid)
        if now and now.hash == was.hash:
            pairs[nid] = nid
        elif not now and loose[was.hash]:
            pairs[nid] = loose[was.hash].pop()
    return pairs


def pair_less(sound, shown, pairs, fits):
    """The same of other items that fits(file): by number, or by time."""
    taken, loose = set(pairs.values()), collections.defaultdict(list)
    for nid, now in shown.files.items():
        if nid >= MADE_UP and nid not in taken and fits(now):
            loose[now.ext, now.time].append(nid)
    found = {}
    for nid, was in sound.files.items():
        if nid in pairs:
            continue
        now = shown.files.get(nid)
        if now and fits(now):
            found[nid] = nid
        elif not now and loose[was.ext, was.time]:
            found[nid] = loose[was.ext, was.time].pop()
    return found


def less_of(sound, shown, report, pairs):
    """Items that lack what their store lost: names of properties, or, with
    a word that something is wrong, the code page that others agreed on."""
    less = {}
    if NAMES in report['shared']:
        less = pair_less(sound, shown, pairs, lambda now: now.nameless)
    if shown.codepage() != sound.codepage():
        less.update(pair_less(sound, shown, {**pairs, **less},
                              lambda now: now.marked))
    return less


def compare(sound, shown, report):
    """report: damage.damage()'s."""
    pairs = pair(sound, shown)
    less = less_of(sound, shown, report, pairs)
    back = {now: nid for nid, now in {**less, **pairs}.items()}
    intact = [nid for nid in sound.files if nid not in report['lost']]
    wrong = {}
    for nid, now in shown.files.items():
        why = wrong_of(now, sound.files.get(back.get(nid, nid)), shown)
        if why:
            wrong[nid] = why
    hurt = [nid for nid, now in shown.files.items()
            if nid not in back and nid not in wrong and not now.error]
    return Difference(intact, [nid for nid in intact if nid in pairs],
                      [nid for nid in intact if nid in less], hurt, wrong)
