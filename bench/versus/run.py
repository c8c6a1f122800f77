#!/usr/bin/env python3
"""Runs a benchmark of cortc, beside its peers, in alternating rounds: `./dev bench datachannel|handshake`.

Every figure comes from a program of its own that runs one command (README.md says what they measure) and prints
`name key=value ...`. A run that other processes disturbed is repeated; what stays disturbed is marked with `*`."""
import argparse
import ctypes
import fcntl
import json
import os
import platform
import re
import resource
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = f'{ROOT}/build/release/bench'
PEERS = f'{ROOT}/build/peers'
HIGHER, LOWER = 'higher', 'lower'


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- the peers: (command, version), or (None, why there is none)

def sh(command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout.strip()


def pion():
    source, program = f'{HERE}/pion', f'{PEERS}/pion'
    try:
        say('building Pion')
        os.makedirs(PEERS, exist_ok=True)
        sh(['go', 'build', '-mod=readonly', '-o', program, '.'], cwd=source)
        version = sh(['go', 'list', '-m', 'github.com/pion/webrtc/v4'], cwd=source).split()[1]
        return [program], f'Pion {version}, {sh(["go", "env", "GOVERSION"])}'
    except FileNotFoundError:
        return None, 'there is no Go (apt install golang-go, 1.21 or later)'
    except subprocess.CalledProcessError as error:
        return None, f'it does not build: {error.stderr.strip().splitlines()[-1]}'


def libwebrtc():
    source, home = f'{HERE}/libwebrtc', f'{PEERS}/libwebrtc'
    try:
        os.makedirs(home, exist_ok=True)
        for name in ('package.json', 'package-lock.json', 'bench.cjs'):
            shutil.copy(f'{source}/{name}', home)
        lock, installed = f'{home}/package-lock.json', f'{home}/installed.json'
        if not os.path.exists(installed) or open(lock).read() != open(installed).read():
            say('installing libwebrtc (npm @roamhq/wrtc)')
            sh(['npm', 'ci', '--no-audit', '--no-fund'], cwd=home)
            shutil.copy(lock, installed)
        version = json.load(open(f'{home}/node_modules/@roamhq/wrtc/package.json'))['version']
        return ['node', '--expose-gc', f'{home}/bench.cjs'], f'@roamhq/wrtc {version} (libwebrtc M106), node {sh(["node", "-v"])}'
    except FileNotFoundError as error:
        return None, f'there is no {error.filename} (apt install nodejs npm)'
    except subprocess.CalledProcessError as error:
        return None, f'npm: {(error.stderr.strip() or "failed").splitlines()[-1]}'


# Pion announces and receives at most 65535 bytes, so that is what "64 KiB" means for all.
def datachannel_tests(o):
    bulk = [('MBps', 'MB/s', HIGHER), ('cpu_s_per_GB', 'CPU s per GB', LOWER)]
    setup = [('median_ms', 'offer to open, median ms', LOWER), ('p90_ms', 'p90 ms', LOWER),
             ('cpu_ms', 'CPU ms per connection pair', LOWER)]
    return [
        ('64 KiB messages', ['bulk', 65535, o.seconds], bulk),
        ('16 KiB messages', ['bulk', 16384, o.seconds], bulk),
        ('100 B messages', ['bulk', 100, o.seconds], [('msgs_per_s', 'messages/s', HIGHER),
                                                      ('cpu_us_per_msg', 'CPU us per message', LOWER)]),
        ('ping-pong, 100 B', ['ping', 2000 if o.quick else 10000],
         [('median_us', 'median us', LOWER), ('p99_us', 'p99 us', LOWER), ('cpu_us', 'CPU us per round trip', LOWER)]),
        ('awaited receive', ['receive', 100000], [('allocations', 'heap allocations', LOWER)]),
        ('set-up, one by one', ['setup', 30 if o.quick else 100, 1], setup),
        ('set-up, 50 at once', ['setup', 50, 50], setup),
        (f'idle, {o.connections} connections', ['idle', o.connections, o.idle_seconds],
         [('fresh_kB', 'resident kB each, fresh', LOWER),
          ('later_kB', f'resident kB each, after {o.idle_seconds:g} s', LOWER),
          ('cpu_percent', 'CPU %', LOWER)]),
    ]


def handshake_tests(o):
    echo = [('echo_median_us', 'echo median us', LOWER), ('echo_p99_us', 'echo p99 us', LOWER),
            ('echo_max_us', 'echo max us', LOWER)]
    times = 1 if o.quick else 3
    return [
        ('one handshake, both ends', ['one', 20 if o.quick else 100], [('both_ends_cpu_ms', 'CPU ms', LOWER)]),
        ('no handshake', ['storm', 0, times], echo),
        ('50 handshakes at once', ['storm', 50, times], echo + [('all_open_ms', 'all open after ms', LOWER)]),
    ]


# ---- running

def own_network():
    """In the child: a network namespace with nothing but IPv4 loopback, so that all stacks use the same path."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000 if os.geteuid() == 0 else 0x50000000) != 0:  # CLONE_NEWNET, CLONE_NEWUSER
        raise OSError(ctypes.get_errno(), 'unshare')
    try:
        with open('/proc/sys/net/ipv6/conf/all/disable_ipv6', 'w') as off:
            off.write('1')
    except OSError:
        pass  # there is none
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, struct.pack('16sH14x', b'lo', up))  # SIOCSIFFLAGS


def before_run(prioritize):
    os.setsid()  # a scheduling group of its own
    for most in (1 << 20, resource.getrlimit(resource.RLIMIT_NOFILE)[1]):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # libwebrtc needs tens of thousands
            break
        except (OSError, ValueError):
            pass  # not permitted: the most that is
    if prioritize:
        with open('/proc/self/autogroup', 'w') as group:
            group.write('-20')
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    try:
        own_network()
    except OSError:
        pass  # not permitted: over the host's


def busy_seconds():
    fields = [int(word) for word in open('/proc/stat').readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf('SC_CLK_TCK')  # all but idle and iowait


def used_by_children():
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


def run_once(command, options):
    """The figures, and how many cores other processes used meanwhile."""
    busy, own, start = busy_seconds(), used_by_children(), time.monotonic()
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              timeout=300 + options.idle_seconds,
                              preexec_fn=lambda: before_run(options.prioritize))
        line = done.stdout.strip().splitlines()[-1] if done.returncode == 0 and done.stdout.strip() else ''
        error = '' if line else f'exit {done.returncode}: {done.stderr.strip()[-300:]}'
    except subprocess.TimeoutExpired:
        line, error = '', 'no end'
    took = time.monotonic() - start
    foreign = max(0.0, (busy_seconds() - busy - (used_by_children() - own)) / took)
    figures = {key: float(value) for key, value in re.findall(r'(\w+)=(-?[\d.]+)', line)}
    return figures, foreign, error


def run_undisturbed(command, options):
    best = None
    for _ in range(1 + options.retries):
        figures, foreign, error = run_once(command, options)
        if error:
            return figures, foreign, error
        if best is None or foreign < best[1]:
            best = (figures, foreign, '')
        if foreign <= options.foreign_limit:
            break
    return best


def run_all(tests, who, options):
    """{(test, label): [(figures, foreign)]}, and [(test, label, error)]"""
    results, failures = {}, []
    for round_number in range(options.rounds):
        for name, command, _ in tests:
            if command[0] == 'idle' and round_number >= options.idle_rounds:
                continue
            for label, prefix in who.items():
                if command[0] == 'idle' and label == TWO_THREADS:
                    continue  # the same memory
                if command[0] == 'receive':
                    if label != ONE_THREAD:
                        continue  # only cortc is counted
                    prefix = [f'{PROGRAMS}/datachannel_allocations']
                extra = [] if not (label == WORKER and command[0] == 'storm') else ['worker']
                if label == WORKER and not extra:
                    continue  # nothing for a worker to do
                figures, foreign, error = run_undisturbed(prefix + command + extra, options)
                say(f'round {round_number + 1}: {label}: {name}: '
                    + (error or ' '.join(f'{k}={v:g}' for k, v in figures.items())) + f' (others: {foreign:.2f} cores)')
                if error:
                    failures.append((name, label, error))
                else:
                    results.setdefault((name, label), []).append((figures, foreign))
                    if lost := figures.get('failed'):
                        failures.append((name, label, f'{lost:g} connections never opened'))
    return results, failures


# ---- reporting

def number(value):
    return f'{value:.0f}' if abs(value) >= 100 else f'{value:.3g}'


def summarize(tests, results, labels, options):
    rows = []
    for name, _, metrics in tests:
        for key, unit, better in metrics:
            row = {'test': name, 'metric': key, 'unit': unit, 'better': better, 'results': {}}
            for label in labels:
                runs = [(figures[key], foreign) for figures, foreign in results.get((name, label), []) if key in figures]
                if not runs:
                    continue
                clean = [run for run in runs if run[1] <= options.foreign_limit]
                values = [value for value, _ in clean or runs]
                row['results'][label] = {
                    'median': statistics.median(values), 'min': min(values), 'max': max(values), 'runs': len(values),
                    'disturbed': not clean, 'foreign_cores_max': round(max(f for _, f in clean or runs), 2)}
            first = row['results'].get(labels[0])
            for label, result in row['results'].items():
                if first and label != labels[0] and first['median'] > 0 and result['median'] > 0:
                    ratio = first['median'] / result['median']
                    result['ratio'] = round(ratio if better == HIGHER else 1 / ratio, 3)
            rows.append(row)
    return rows


def print_table(rows, labels):
    def cell(result):
        if not result:
            return '-'
        text = number(result['median']) + ('*' if result['disturbed'] else '')
        text += f" [{number(result['min'])}..{number(result['max'])}]"
        return text + (f" x{result['ratio']:.2g}" if 'ratio' in result else '')
    lines = [['', *labels]]
    for row in rows:
        if len(lines) == 1 or row['test'] != last:
            lines.append([row['test']])
        last = row['test']
        lines.append(['  ' + row['unit'], *(cell(row['results'].get(label)) for label in labels)])
    widths = [max(len(line[i]) for line in lines if len(line) > i) for i in range(len(labels) + 1)]
    for line in lines:
        print('  '.join(text.ljust(width) for text, width in zip(line, widths)).rstrip())


def machine():
    model = re.search(r'model name\s*: (.*)', open('/proc/cpuinfo').read())
    return {'cpu': model.group(1) if model else platform.machine(), 'cores': os.cpu_count(),
            'kernel': platform.release(), 'load_average': [round(load, 2) for load in os.getloadavg()]}


ONE_THREAD, TWO_THREADS, WORKER = 'cortc', 'cortc, 2 threads', 'cortc, worker'


def arguments():
    parser = argparse.ArgumentParser(prog='./dev bench', description=__doc__)
    parser.add_argument('what', choices=['datachannel', 'handshake'])
    parser.add_argument('--json', action='store_true', help='print JSON instead of the table')
    parser.add_argument('--rounds', type=int, help='how often each figure is taken (default 5)')
    parser.add_argument('--seconds', type=float, help='of each throughput run (default 3)')
    parser.add_argument('--only', default='cortc,pion,libwebrtc', help='the stacks to run, comma-separated')
    parser.add_argument('--quick', action='store_true', help='one short round; 100 idle connections for 3 s')
    parser.add_argument('--tests', default='', help='only tests whose name contains this')
    parser.add_argument('--prioritize', action='store_true', help='run before everything else on the machine (root): no run counts as disturbed')
    parser.add_argument('--foreign-limit', type=float, default=.2,
                        help='cores that others may use before a run counts as disturbed (default 0.2)')
    parser.add_argument('--retries', type=int, default=2, help='of a disturbed run (default 2)')
    options = parser.parse_args()
    if options.prioritize:
        options.foreign_limit = float('inf')  # others get what is left over
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.seconds = options.seconds or (1 if options.quick else 3)
    options.idle_seconds, options.connections, options.idle_rounds = (3, 100, 1) if options.quick else (60, 1000, 2)
    return options


def main():
    options = arguments()
    wanted, who, versions, skipped = options.only.split(','), {}, {}, {}
    if options.what == 'handshake':
        tests = handshake_tests(options)
        program = [f'{PROGRAMS}/handshake_cortc']
        who = {ONE_THREAD: program, WORKER: program}
    else:
        tests = datachannel_tests(options)
        if 'cortc' in wanted:
            program = f'{PROGRAMS}/datachannel_cortc'
            who = {ONE_THREAD: [program], TWO_THREADS: [program, '--threads', '2']}
        for name, find in (('pion', pion), ('libwebrtc', libwebrtc)):
            if name not in wanted:
                continue
            command, note = find()
            if command:
                who[name], versions[name] = command, note
            else:
                skipped[name] = note
                say(f'*** {name} SKIPPED: {note}')
    tests = [test for test in tests if options.tests in test[0]]
    versions['cortc'] = sh(['git', 'describe', '--always', '--dirty'], cwd=ROOT)
    before = machine()
    results, failures = run_all(tests, who, options)
    labels = list(who)
    rows = summarize(tests, results, labels, options)
    if options.json:
        print(json.dumps({'benchmark': options.what, 'machine': before, 'versions': versions, 'skipped': skipped,
                          'rounds': options.rounds, 'prioritized': options.prioritize, 'rows': rows,
                          'failures': [dict(zip(('test', 'stack', 'error'), each)) for each in failures]}, indent=1))
    else:
        print(f"{before['cpu']}, {before['cores']} cores, Linux {before['kernel']}; load average before "
              f"{before['load_average'][0]}" + ('; prioritized' if options.prioritize else ''))
        for name, version in versions.items():
            print(f'{name}: {version}')
        print(f'Median [min..max] of {options.rounds} rounds; xN: {labels[0]} is N times as good; *: disturbed by others\n')
        print_table(rows, labels)
        for name, label, error in failures:
            print(f'\n*** {label}: {name}: FAILED in a round: {error.strip().splitlines()[0]}')
        for name, why in skipped.items():
            print(f'\n*** {name} SKIPPED: {why}')
    return 1 if any(label in (ONE_THREAD, TWO_THREADS, WORKER) for _, label, _ in failures) else 0


if __name__ == '__main__':
    sys.exit(main())
