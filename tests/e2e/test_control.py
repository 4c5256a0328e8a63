#!/usr/bin/env python3
"""Control and status files as scripts meet them."""
import csv
import errno
import os
import select
import signal
import subprocess
import threading
import time

import lib


def mounted(name, messages=40, config='', seed=80):
    lib.mkpst(lib.work(name + '.src', 'a.pst'), seed=seed, messages=messages,
              profile='mail')
    return lib.Mount(lib.work(name + '.src'), name=name, config=config)


def expect(code, call, *args):
    try:
        call(*args)
    except OSError as e:
        assert e.errno == code, '%s, not %s' % (
            errno.errorcode[e.errno], errno.errorcode[code])
        return
    raise AssertionError('no error, expected ' + errno.errorcode[code])


def last_error(mount):
    return lib.read(mount.path('.ctl/errors'))


def test_bad_writes():
    with mounted('bad') as mount:
        target = 'a.pst/.ctl/target'
        for text in ('nosuchkind:x\n', 'maildir:relative/dir\n',
                     'maildir:/a/../b\n', 'maildir:\n', 'imap:\n', ':x\n'):
            expect(errno.EINVAL, mount.write, target, text)
            word = text.strip()
            assert word in last_error(mount), last_error(mount)
        expect(errno.E2BIG, mount.write, target, 'maildir:/' + 'x' * 5000)
        expect(errno.EINVAL, mount.write, target, 'maildir:/x\0y\n')
        expect(errno.EINVAL, mount.write, 'a.pst/.ctl/action', 'jump\n')
        assert mount.status('a.pst')['state'] == 'none'
        for shell in ('bash', 'dash'):
            p = subprocess.run([shell, '-c', 'echo bogus:x > "$1"', shell,
                                mount.path(target)], capture_output=True)
            assert p.returncode != 0 and p.stderr, shell
        p = subprocess.run(['tee', mount.path(target)], input=b'bogus:x\n',
                           capture_output=True)
        assert p.returncode != 0
        expect(errno.EACCES if os.getuid() else errno.EPERM,
               lambda: os.unlink(mount.path(target)))


def test_second_job():
    with mounted('second', messages=4000) as mount:
        dest = 'maildir:' + lib.work('second-out')
        mount.write('a.pst/.ctl/target', dest + '\n')
        expect(errno.EBUSY, mount.write, 'a.pst/.ctl/target', dest + '\n')
        assert dest in last_error(mount)
        assert mount.wait('a.pst')['state'] == 'done'
        expect(errno.EEXIST, mount.write, 'a.pst/.ctl/target', dest + '\n')
        status = mount.migrate('a.pst', dest + '2')
        assert status['state'] == 'done'
        jobs = list(csv.DictReader(open(mount.path('.ctl/jobs.csv'))))
        assert [j['state'] for j in jobs] == ['done', 'done']


def test_pause_resume_cancel():
    with mounted('pause', messages=20000) as mount:
        act = 'a.pst/.ctl/action'
        expect(errno.EINVAL, mount.write, act, 'pause\n')
        mount.write('a.pst/.ctl/target', 'maildir:%s\n' % lib.work('p-out'))
        lib.wait_for(lambda: int(mount.status('a.pst')['ingested']) > 0)
        mount.write(act, 'pause\n')
        assert lib.wait_for(
            lambda: mount.status('a.pst')['state'] == 'paused', 20)
        before = mount.status('a.pst')['ingested']
        time.sleep(0.7)
        assert mount.status('a.pst')['ingested'] == before
        mount.write(act, 'resume\n')
        lib.wait_for(lambda: mount.status('a.pst')['ingested'] != before)
        mount.write(act, 'cancel\n')
        assert lib.wait_for(
            lambda: mount.status('a.pst')['state'] == 'cancelled', 20)
        mount.write(act, 'retry\n')
        assert mount.wait('a.pst')['state'] == 'done'


def test_wait_and_poll():
    with mounted('wait', messages=3000) as mount:
        assert 'state none' in lib.read(mount.path('a.pst/.ctl/wait'))
        poll_fd = os.open(mount.path('a.pst/.ctl/progress'), os.O_RDONLY)
        os.read(poll_fd, 4096)
        mount.write('a.pst/.ctl/target', 'maildir:%s\n' % lib.work('w-out'))
        results = []
        waiters = [threading.Thread(target=lambda: results.append(
            lib.read(mount.path('a.pst/.ctl/wait')))) for _ in range(40)]
        for t in waiters:
            t.start()
        poller = select.poll()
        poller.register(poll_fd, select.POLLPRI | select.POLLERR)
        assert poller.poll(10000), 'poll did not wake'
        os.close(poll_fd)
        begin = time.monotonic()
        os.stat(mount.path('a.pst'))
        assert time.monotonic() - begin < 5
        for t in waiters:
            t.join(120)
        assert len(results) == 40
        assert all('state done' in r for r in results), results[:1]


def test_wait_is_interrupted():
    with mounted('int', messages=20000) as mount:
        mount.write('a.pst/.ctl/target', 'maildir:%s\n' % lib.work('i-out'))
        # A test run in the background has SIGINT ignored, and would pass
        # that on.
        p = subprocess.Popen(['cat', mount.path('a.pst/.ctl/wait')],
                             stdout=subprocess.DEVNULL,
                             preexec_fn=lambda: signal.signal(
                                 signal.SIGINT, signal.SIG_DFL))
        time.sleep(0.5)
        assert p.poll() is None
        p.send_signal(signal.SIGINT)
        assert p.wait(5) != 0
        mount.write('a.pst/.ctl/action', 'cancel\n')
        mount.wait('a.pst')


def test_files():
    with mounted('files') as mount:
        for folder in ('.ctl', 'a.pst/.ctl'):
            for name in os.listdir(mount.path(folder)):
                path = mount.path(folder, name)
                if not os.path.isfile(path) or name == 'wait':
                    continue
                st = os.stat(path)
                if st.st_mode & 0o400:
                    data = lib.read(path, 'rb')
                    if name not in ('status', 'metrics'):
                        assert len(data) == st.st_size, name
                lib.run('cp', path, lib.work('copy'))
        info = lib.key_values(lib.read(mount.path('a.pst/.ctl/info')))
        assert info['format'] == 'Unicode' and info['health'] == 'ok', info
        assert lib.read(mount.path('.ctl/version')).split()[0] == 'pstfs'
        status = lib.key_values(lib.read(mount.path('.ctl/status')))
        assert status['stores'] == '1', status
        grammar = lib.read(mount.path('a.pst/.ctl/action'))
        for word in ('pause', 'resume', 'cancel', 'retry'):
            assert word in grammar, grammar


def test_log_follows():
    with mounted('tail') as mount:
        with subprocess.Popen(['tail', '-n', '+1', '-f',
                               mount.path('a.pst/.ctl/log')],
                              stdout=subprocess.PIPE, text=True) as tail:
            mount.migrate('a.pst', 'maildir:' + lib.work('t-out'))
            time.sleep(2.5)
            tail.kill()
            text = tail.stdout.read()
        assert text == lib.read(mount.path('a.pst/.ctl/log')), text
        assert text.count('\n') >= 2


def test_pstctl():
    with mounted('pc') as mount:
        ctl = [lib.program('pstctl'), '-m', mount.point]
        assert 'a.pst' in lib.run(*ctl, 'list').stdout
        p = lib.run(*ctl, 'migrate', 'a.pst', 'bogus:x', check=False)
        assert p.returncode != 0 and 'bogus' in p.stdout, p.stdout
        lib.run(*ctl, 'migrate', '--wait', 'a.pst',
                'maildir:' + lib.work('pc-out'))
        lines = lib.run(*ctl, 'watch', 'a.pst').stdout
        assert 'done' in lines, lines
        assert 'state' in lib.run(*ctl, 'status', 'a.pst').stdout
        path = next(p for paths in lib.tree_items(mount.path('a.pst'))
                    .values() for p in paths)
        place = os.path.relpath(path, mount.point)
        p = lib.run(*ctl, 'cat', place, text=False)
        assert p.stdout == lib.read(path, 'rb')


lib.main()
