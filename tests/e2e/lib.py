"""What the end-to-end tests share: programs, mounts, servers, manifests.

A test is a script with functions test_*; main() runs them all and exits with
1 when one fails. Everything lies in PSTFS_WORK, which the runner removes.
"""
import contextlib
import glob
import hashlib
import inspect
import json
import os
import pwd
import re
import signal
import socket
import subprocess
import sys
import time
import traceback

WORK = os.environ.get('PSTFS_WORK') or os.getcwd()
BUILD = os.environ.get('PSTFS_BUILD', 'build')
SAMPLES = os.environ.get('PSTFS_SAMPLES', '')
SKIP = 77
SUSPICIOUS = re.compile(r'\b(error|warning|fault|AddressSanitizer|'
                        r'runtime error|uninitialised)\b', re.I)


def program(name):
    """The path of one of our programs in the build tree."""
    for folder in ('fs', 'tools', 'tools/mkpst', 'pipeline/reader',
                   'tests/e2e'):
        path = os.path.join(BUILD, folder, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    raise FileNotFoundError(name + ' is not built in ' + BUILD)


def work(*parts):
    return os.path.join(WORK, *parts)


def run(*args, check=True, **kw):
    kw.setdefault('stdout', subprocess.PIPE)
    kw.setdefault('stderr', subprocess.STDOUT)
    kw.setdefault('text', True)
    p = subprocess.run(list(args), check=False, **kw)
    if check and p.returncode:
        raise AssertionError('%s: exit code %d\n%s' % (
            ' '.join(args), p.returncode, p.stdout))
    return p


def skip(why):
    print(why)
    sys.exit(SKIP)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def read(path, mode='r'):
    with open(path, mode) as f:
        return f.read()


def wait_for(what, seconds=30, step=0.02):
    """Calls what() until it is true; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value or time.monotonic() > end:
            return value
        time.sleep(step)


def key_values(text):
    """Flat-keyed lines to a dict."""
    return dict((line.split(' ', 1) + [''])[:2]
                for line in text.splitlines() if line)


def mkpst(path, **options):
    """Writes a store; returns its manifest as (header, folders, items)."""
    args = [program('mkpst')]
    for name, value in options.items():
        args += ['--' + name.replace('_', '-'), str(value)]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    manifest = path + '.jsonl'
    run(*args, '--manifest', manifest, path)
    return load_manifest(manifest)


def load_manifest(path):
    header, folders, items = None, [], []
    with open(path, encoding='utf-8') as f:
        for line in f:
            row = json.loads(line)
            if 'store' in row:
                header = row['store']
            elif 'folder_path' in row:
                folders.append(row)
            else:
                items.append(row)
    return header, folders, items


class Mount:
    """A running pstfs. Used with `with`, it must end with exit code 0 and
    without a suspicious word in its log."""

    def __init__(self, *sources, name='m', config='', options=(),
                 quiet=(), clean=True):
        self.sources, self.name = list(sources), name
        self.point, self.state = work(name), work(name + '.state')
        self.log_path = work(name + '.log')
        self.config = work(name + '.conf')
        self.options, self.quiet, self.clean = list(options), quiet, clean
        os.makedirs(self.point, exist_ok=True)
        with open(self.config, 'w') as f:
            f.write(config)
        self.process = None

    def command(self):
        return [program('pstfs'), '-f', '--state', self.state, '--config',
                self.config, *self.options, *self.sources, self.point]

    def start(self):
        self.log = open(self.log_path, 'ab')
        self.process = subprocess.Popen(
            self.command(), stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL, start_new_session=True)
        up = wait_for(lambda: self.process.poll() is not None or
                      os.path.exists(self.path('.ctl/version')), 60)
        if not up or self.process.poll() is not None:
            raise AssertionError('no mount:\n' + read(self.log_path))
        return self

    def stop(self, how='umount'):
        """how: umount, term. The exit code."""
        if how == 'umount':
            run('fusermount3', '-u', self.point)
        else:
            self.process.terminate()
        code = self.process.wait(60)
        self.log.close()
        return code

    def kill(self):
        """kill -9, as a crash would; the dead mount is taken away."""
        self.process.kill()
        self.process.wait()
        self.log.close()
        run('fusermount3', '-uz', self.point, check=False)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if self.process.poll() is not None:
            if kind is None and self.clean:
                raise AssertionError('pstfs died: %s\n%s' % (
                    self.process.returncode, read(self.log_path)))
            return
        try:
            code = self.stop()
        except Exception:
            self.kill()
            raise
        if kind is None and self.clean:
            assert code == 0, 'exit code %s\n%s' % (code,
                                                    read(self.log_path))
            self.check_log()

    def check_log(self):
        bad = [line for line in read(self.log_path).splitlines()
               if SUSPICIOUS.search(line) and
               not any(re.search(q, line) for q in self.quiet)]
        assert not bad, 'in the log:\n' + '\n'.join(bad[:20])

    def path(self, *parts):
        return os.path.join(self.point, *parts)

    def write(self, path, text):
        """One write(2) of the whole text, as a shell's echo does."""
        fd = os.open(self.path(path), os.O_WRONLY)
        try:
            return os.write(fd, text.encode())
        finally:
            os.close(fd)

    def status(self, store):
        return key_values(read(self.path(store, '.ctl/status')))

    def migrate(self, store, target, seconds=300):
        """Writes the target, waits for the end, returns the status."""
        self.write(store + '/.ctl/target', target + '\n')
        return self.wait(store, seconds)

    def wait(self, store, seconds=300):
        ended = ('done', 'partial', 'failed', 'cancelled')
        wait_for(lambda: self.status(store)['state'] in ended, seconds, 0.05)
        return self.status(store)

    def workers(self):
        """Process ids of its workers."""
        found = []
        for path in glob.glob('/proc/[0-9]*/cmdline'):
            with contextlib.suppress(OSError):
                args = read(path, 'rb').split(b'\0')
                if b'--worker' in args and self.state.encode() in args:
                    found.append(int(path.split('/')[2]))
        return found


PARTS = '.attachments'


def is_parts(path):
    """Is it the directory of an item's attachments? fs/node.h has its kind in
    the upper four bits."""
    return path.endswith(PARTS) and os.stat(path).st_ino >> 60 == 10


def tree_items(root):
    """{(folder names...): [paths of item files]} below a store directory."""
    found = {}
    for folder, folders, files in os.walk(root):
        if folder == root:
            folders[:] = set(folders) - {'.ctl', 'Recovered'}
        folders[:] = [f for f in folders
                      if not is_parts(os.path.join(folder, f))]
        key = tuple(os.path.relpath(folder, root).split(os.sep))
        found[() if key == ('.',) else key] = [
            os.path.join(folder, f) for f in files]
    return found


def nid_of(path):
    """The node an item file stands for: fs/node.h puts its index at bit 16."""
    return (os.stat(path).st_ino >> 16 & 0x7FFFFFF) << 5 | 4


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Dovecot:
    """A real Dovecot on a free loopback port; any user, one password."""

    PASSWORD = 'secret'

    def __init__(self, name='dovecot', mail_format='maildir', extra=''):
        self.base = work(name)
        self.format, self.extra = mail_format, extra
        self.port = free_port()
        self.process = None

    def account(self):
        if os.getuid():
            return pwd.getpwuid(os.getuid())
        return pwd.getpwnam('nobody')

    def write_config(self):
        who = self.account()
        import grp
        group = grp.getgrgid(who.pw_gid).gr_name
        for part in ('run', 'mail', 'home'):
            os.makedirs(os.path.join(self.base, part), exist_ok=True)
        with open(os.path.join(self.base, 'dovecot.conf'), 'w') as f:
            f.write(CONF % dict(
                base=self.base, port=self.port, format=self.format,
                user=who.pw_name, group=group, uid=who.pw_uid,
                gid=who.pw_gid, password=self.PASSWORD, extra=self.extra))
        for folder, _, files in os.walk(self.base):
            for path in [folder] + [os.path.join(folder, x) for x in files]:
                os.chown(path, who.pw_uid, who.pw_gid)

    def start(self):
        who = self.account()
        self.write_config()
        conf = os.path.join(self.base, 'dovecot.conf')
        args = ['/usr/sbin/dovecot', '-F', '-c', conf]
        if not os.getuid():
            args = ['setpriv', '--reuid=%d' % who.pw_uid,
                    '--regid=%d' % who.pw_gid, '--clear-groups', '--'] + args
        self.log = open(os.path.join(self.base, 'out.log'), 'ab')
        self.process = subprocess.Popen(args, stdout=self.log,
                                        stderr=self.log,
                                        stdin=subprocess.DEVNULL)
        if not wait_for(self.answers, 20):
            raise AssertionError('dovecot does not answer:\n' + read(
                os.path.join(self.base, 'out.log')))
        return self

    def answers(self):
        with contextlib.suppress(OSError):
            with socket.create_connection(('127.0.0.1', self.port), 1) as s:
                return s.recv(16).startswith(b'* OK')
        return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def settings(self):
        """The [imap] section for pstfs."""
        return ('[imap]\nhost = 127.0.0.1\nport = %d\ntls = none\n'
                'password = %s\n' % (self.port, self.PASSWORD))

    def client(self, user):
        import imaplib
        imaplib._MAXLINE = 100_000_000
        box = imaplib.IMAP4('127.0.0.1', self.port)
        box.login(user, self.PASSWORD)
        return box


CONF = '''
base_dir = %(base)s/run
state_dir = %(base)s/run
log_path = %(base)s/dovecot.log
listen = 127.0.0.1
protocols = imap
default_internal_user = %(user)s
default_internal_group = %(group)s
default_login_user = %(user)s
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
mail_location = %(format)s:%(base)s/mail/%%u
first_valid_uid = 0
mail_max_userip_connections = 100
service anvil {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = %(port)d
  }
}
service stats {
  chroot =
}
passdb {
  driver = static
  args = password=%(password)s
}
userdb {
  driver = static
  args = uid=%(uid)d gid=%(gid)d home=%(base)s/home/%%u
}
namespace inbox {
  inbox = yes
  separator = /
}
%(extra)s
'''


def main():
    """Runs the caller's test_* functions, in the order they are written."""
    module = sys.modules['__main__']
    tests = sorted((f for n, f in vars(module).items()
                    if n.startswith('test_') and inspect.isfunction(f)),
                   key=lambda f: f.__code__.co_firstlineno)
    only = sys.argv[1:]
    failed = 0
    for test in tests:
        if only and test.__name__ not in only:
            continue
        try:
            test()
            print('ok', test.__name__)
        except Exception:
            failed += 1
            print('FAILED', test.__name__)
            traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)


def kill_quietly(pid, sig=signal.SIGKILL):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, sig)
