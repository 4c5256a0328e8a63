"""What holds a reader process, seen from outside, in /proc."""
import os
import re

# As in reader/sandbox.h and reader/proto.h.
LIMITS = {'Max cpu time': 3600, 'Max address space': 1 << 30,
          'Max open files': 16, 'Max processes': 0, 'Max file size': 0,
          'Max core file size': 0}
FDS = {0, 1, 2, 3, 4, 5}
STORE_FD = 4


def status_of(pid):
    with open('/proc/%d/status' % pid) as f:
        return dict(line.rstrip('\n').split(':\t', 1) for line in f
                    if ':\t' in line)


def born(pid):
    """When it started: numbers of processes are used again."""
    with open('/proc/%d/stat' % pid) as f:
        return f.read().rsplit(')', 1)[1].split()[19]


def children_of(pid):
    """Processes that one has started."""
    found = []
    for task in os.listdir('/proc/%d/task' % pid):
        try:
            with open('/proc/%d/task/%s/children' % (pid, task)) as f:
                found += map(int, f.read().split())
        except OSError:
            pass
    return found


def readers_of(pid):
    """Of those, the readers."""
    found = []
    for child in children_of(pid):
        try:
            if status_of(child)['Name'].startswith('pstfs-reader'):
                found.append(child)
        except OSError:
            pass
    return found


def writable(pid, fd):
    with open('/proc/%d/fdinfo/%s' % (pid, fd)) as f:
        flags = re.search(r'^flags:\s*(\d+)', f.read(), re.M)
    return int(flags[1], 8) & os.O_ACCMODE != os.O_RDONLY


def limits_of(pid):
    """{name: soft limit}, -1 for none."""
    with open('/proc/%d/limits' % pid) as f:
        found = re.findall(r'^(Max [a-z ]+?)\s+(\d+|unlimited)\s', f.read(),
                           re.M)
    return {name: -1 if value == 'unlimited' else int(value)
            for name, value in found}


def faults(pid):
    """What a reader has that it should not, in words."""
    facts, found = status_of(pid), []
    if facts['Seccomp'] != '2':
        found.append('no filter of system calls')
    if facts['NoNewPrivs'] != '1':
        found.append('may get new privileges')
    if int(facts['CapEff'], 16) or int(facts['CapPrm'], 16):
        found.append('has capabilities')
    if '0' in facts['Uid'].split() or '0' in facts['Gid'].split():
        found.append('is root')
    if facts['Threads'] != '1':
        found.append('has threads')
    limits = limits_of(pid)
    found += ['%s is %d' % (name, limits[name])
              for name, most in LIMITS.items()
              if not 0 <= limits[name] <= most]
    more = set(map(int, os.listdir('/proc/%d/fd' % pid))) - FDS
    if more:
        found.append('has descriptors %s' % sorted(more))
    if writable(pid, STORE_FD):
        found.append('may write the store')
    return found
