"""Watches that a mount's processes keep within their bounds while they read
damaged stores: the mount lives and writes into its state alone, its readers
are in their sandbox, hold a store and no more, and are gone at the end."""
import contextlib
import hashlib
import os
import stat
import threading
import time

import held
import lib

STEP = 0.3
GRACE = 10  # seconds a reader may take to enter its sandbox


def file_hash(path):
    with open(path, 'rb') as f:
        return hashlib.file_digest(f, 'sha256').hexdigest()


def tree_facts(root):
    """{path: hash} of all files below."""
    return {os.path.join(folder, name): file_hash(os.path.join(folder, name))
            for folder, _, files in os.walk(root) for name in files}


def is_there(reader):
    pid, birth = reader
    try:
        return held.born(pid) == birth
    except OSError:
        return False


class Guard:
    """Used with `with` around the reading; `broken` has what was wrong."""

    def __init__(self, mount, source, sandboxed):
        self.mount, self.source, self.sandboxed = mount, source, sandboxed
        self.pid = mount.process.pid
        self.before = tree_facts(source)
        self.broken, self.readers, self.bare = [], set(), {}
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.done.set()
        self.thread.join()

    def say(self, text):
        if text not in self.broken:
            self.broken.append(text)

    def watch(self):
        while not self.done.wait(STEP):
            with contextlib.suppress(OSError):
                self.check_mount()
            for pid in held.readers_of(self.pid):
                with contextlib.suppress(OSError):
                    self.check_child(pid)

    def check_mount(self):
        for fd in os.listdir('/proc/%d/fd' % self.pid):
            with contextlib.suppress(OSError):
                path = os.readlink('/proc/%d/fd/%s' % (self.pid, fd))
                regular = stat.S_ISREG(os.stat('/proc/%d/fd/%s' % (
                    self.pid, fd)).st_mode)
                if regular and path[0] == '/' and 'memfd' not in path and \
                        not path.startswith((self.mount.state + '/',
                                             self.mount.log_path)) and \
                        held.writable(self.pid, fd):
                    self.say('pstfs writes to ' + path)

    def check_child(self, pid):
        self.readers.add((pid, held.born(pid)))
        if not self.sandboxed:
            return
        since = self.bare.setdefault(pid, time.monotonic())
        entered = held.status_of(pid)['Seccomp'] == '2'
        if entered or time.monotonic() - since > GRACE:
            for fault in held.faults(pid):
                self.say('reader %d: %s' % (pid, fault))

    def check_end(self, home):
        """After the mount has ended. home: its HOME, TMPDIR and directory."""
        gone = lib.wait_for(lambda: not any(map(is_there, self.readers)), 10)
        if not gone:
            self.say('readers are left over')
        if os.listdir(home):
            self.say('left behind: %s' % os.listdir(home))
        if tree_facts(self.source) != self.before:
            self.say('the sources have changed')
