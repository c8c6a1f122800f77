#!/usr/bin/env python3
"""Runs a benchmark of cortc, beside its peers, in alternating rounds: `./dev bench datachannel|handshake|ice_restart`.

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
        for name in ('package.json', 'package-lock.json', 'bench.cjs', 'restart.cjs'):
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


def version_of_cortc():
    try:
        return sh(['git', 'describe', '--always', '--dirty'], cwd=ROOT)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return 'not in git'


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
    ] + [
        (f'idle, {o.connections} connections' + ', one end on one port' * mux,
         ['idle', o.connections, o.idle_seconds] + ['mux'] * mux,
         [('fresh_kB', 'resident kB each, fresh', LOWER),
          ('later_kB', f'resident kB each, after {o.idle_seconds:g} s', LOWER),
          ('cpu_percent', 'CPU %', LOWER)]) for mux in (False, True)
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


RESTART_METRICS = [
    ('median_ms', 'median ms', LOWER), ('mean_ms', 'mean ms', LOWER), ('p90_ms', 'p90 ms', LOWER), ('p99_ms', 'p99 ms', LOWER),
    ('answered_median_ms', 'answered, median ms', LOWER), ('answered_p99_ms', 'answered, p99 ms', LOWER),
    ('restarts_per_s', 'restarts/s', HIGHER), ('cpu_ms', 'CPU ms', LOWER),
    ('together_median_ms', 'all at once: median ms', LOWER), ('together_p99_ms', 'p99 ms', LOWER),
    ('together_per_s', 'restarts/s', HIGHER), ('lost', 'lost', LOWER), ('sent', 'of messages', None)]
LIBWEBRTC_RESTARTS = 50  # a seventh of a second each


def ice_restart_tests(o):
    count, simulated = (200, 20) if o.quick else (2000, 200)
    tests = [(text, ['restart', pairs, count], RESTART_METRICS)
             for text, pairs in (('one pair', 1), ('10 pairs', 10), ('100 pairs', 100), ('1000 pairs', 1000))
             if not (o.quick and pairs == 1000)]
    tests += [('one pair, trickled', ['restart', 1, count, 'trickle'], RESTART_METRICS),
              ('one pair, nominated early', ['restart', 1, count, 'early'], RESTART_METRICS)]
    tests += [(f'{text}, new sockets', ['restart', pairs, count // 10, 'new'], RESTART_METRICS)
              for text, pairs in (('one pair', 1), ('100 pairs', 100)) if not (o.quick and pairs == 100)]
    return tests + [(f'simulated {rtt} ms, {loss} % loss' + ', nominated early' * early,
                     ['simulated', rtt, loss, simulated] + ['early'] * early,
                     [each for each in RESTART_METRICS if not each[0].startswith(('together', 'cpu', 'restarts'))])
                    for rtt in (20, 80, 200) for loss in (0, 5) for early in (False, True)]


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


def complete_command(label, prefix, command, round_number, options):
    """What this stack runs for a test; none: nothing in this round."""
    name = command[0]
    if name == 'idle' and (round_number >= options.idle_rounds or label == TWO_THREADS):  # two threads: the same memory
        return None
    if name == 'idle' and 'mux' in command and label != ONE_THREAD:
        return None
    if name == 'receive':  # only cortc is counted
        return [f'{options.programs}/datachannel_allocations'] + command if label == ONE_THREAD else None
    if label == WORKER:
        return prefix + command + ['worker'] if name == 'storm' else None  # else there is nothing for a worker to do
    if name == 'simulated':  # no clock but the seed's: one run says it all
        return prefix + command if label == ONE_THREAD and round_number == 0 else None
    if name == 'restart' and label != ONE_THREAD:
        if len(command) > 3 or command[1] > 100:
            return None  # the others' sockets are always new, and their candidates trickle
        if label == 'libwebrtc' and command[1] > 10:
            return None  # with 100 pairs half of its restarts are not done within 20 s
        if label == 'libwebrtc':
            return prefix + ['restart', command[1], min(LIBWEBRTC_RESTARTS, command[2])]
    return prefix + command


def run_all(tests, who, options):
    """{(test, label): [(figures, foreign)]}, and [(test, label, error)]"""
    results, failures = {}, []
    for round_number in range(options.rounds):
        for name, command, _ in tests:
            for label, prefix in who.items():
                complete = complete_command(label, prefix, command, round_number, options)
                if not complete:
                    continue
                os.environ.pop('BENCH_SAMPLES', None)
                if options.plot and name == 'one pair':
                    os.environ['BENCH_SAMPLES'] = samples_file(label)
                figures, foreign, error = run_undisturbed(complete, options)
                say(f'round {round_number + 1}: {label}: {name}: '
                    + (error or ' '.join(f'{k}={v:g}' for k, v in figures.items())) + f' (others: {foreign:.2f} cores)')
                if error:
                    failures.append((name, label, error))
                else:
                    results.setdefault((name, label), []).append((figures, foreign))
                    if lost := figures.get('failed'):
                        failures.append((name, label, f'{lost:g} connections or restarts were never done'))
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
                if better and first and label != labels[0] and first['median'] > 0 and result['median'] > 0:
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


def print_restarts(rows, labels):
    """Markdown, a line for each test and stack. README.md's table is this."""
    simulated = [row for row in rows if row['test'].startswith('simulated')]
    for part in ([row for row in rows if row not in simulated], simulated):
        columns = list(dict.fromkeys((row['metric'], row['unit']) for row in part))
        if not columns:
            continue
        print('| | ' + ' | '.join(unit for _, unit in columns) + ' |\n| --- |' + ' --- |' * len(columns))
        for test in dict.fromkeys(row['test'] for row in part):
            for label in labels:
                cells = {row['metric']: row['results'][label] for row in part if row['test'] == test and label in row['results']}
                if cells:
                    print(f'| {test}: {label} | ' + ' | '.join(restart_cell(cells.get(key)) for key, _ in columns) + ' |')
        print()


def restart_cell(result):
    if not result:
        return '-'
    ratio = result.get('ratio')
    text = '' if ratio is None else f', x{ratio:.2g}' if ratio < 10 else f', x{ratio:.0f}'
    return number(result['median']) + ('*' if result['disturbed'] else '') + text


def restarts_json(rows):
    """{"loopback": {pairs: figures}, "sockets_new": ..., "trickled": ..., "early": ..., "simulated": {ms: {percent: figures}},
    "simulated_early": ..., "versus": {stack: ...}}"""
    made = {'loopback': {}, 'sockets_new': {}, 'trickled': {}, 'early': {}, 'simulated': {}, 'simulated_early': {}, 'versus': {}}
    for row in rows:
        key, test = row['metric'], row['test']
        for label, result in row['results'].items():
            if found := re.match(r'simulated (\d+) ms, (\d+) %', test):
                where = made['simulated_early' if 'early' in test else 'simulated'].setdefault(found[1], {}).setdefault(found[2], {})
            else:
                pairs = re.sub('^one', '1', test).split()[0]
                kind = 'sockets_new' if 'new' in test else 'trickled' if 'trickled' in test else 'early' if 'early' in test else 'loopback'
                where = (made[kind] if label == ONE_THREAD else made['versus'].setdefault(label, {})).setdefault(pairs, {})
            where[key] = round(result['median'], 4)
            if 'ratio' in result:
                where.setdefault('cortc_is_times_as_good', {})[key] = result['ratio']
    for stack, by_pairs in made['versus'].items():
        made['versus'][stack] = by_pairs.get('1', {}) | by_pairs  # those of one pair stand in front
    return made


def samples_file(label):
    return f'{ROOT}/build/ice_restart_{label}.txt'


def plot(labels, target):
    """Draws the times of all restarts of one pair (bench/ice_restart/distribution.gp)."""
    drawn = [label for label in labels if os.path.exists(samples_file(label))]
    for label in drawn:
        values = sorted(float(line) for line in open(samples_file(label)))
        with open(samples_file(label), 'w') as out:
            out.writelines(f'{value:.6f} {(i + 1) / len(values):.6f}\n' for i, value in enumerate(values)
                           if i % (1 + len(values) // 500) == 0 or i + 1 == len(values))
    sh(['gnuplot', '-e', f"target='{target}'; labels='{' '.join(drawn)}'; files='{' '.join(map(samples_file, drawn))}'",
        f'{ROOT}/bench/ice_restart/distribution.gp'])
    say(f'drawn: {target}')


def machine():
    model = re.search(r'model name\s*: (.*)', open('/proc/cpuinfo').read())
    return {'cpu': model.group(1) if model else platform.machine(), 'cores': os.cpu_count(),
            'kernel': platform.release(), 'load_average': [round(load, 2) for load in os.getloadavg()]}


ONE_THREAD, TWO_THREADS, WORKER = 'cortc', 'cortc, 2 threads', 'cortc, worker'


def arguments():
    parser = argparse.ArgumentParser(prog='./dev bench', description=__doc__)
    parser.add_argument('what', choices=['datachannel', 'handshake', 'ice_restart'])
    parser.add_argument('--json', action='store_true', help='print JSON instead of the table')
    parser.add_argument('--rounds', type=int, help='how often each figure is taken (default 5)')
    parser.add_argument('--seconds', type=float, help='of each throughput run (default 3)')
    parser.add_argument('--only', default='cortc,pion,libwebrtc', help='the stacks to run, comma-separated')
    parser.add_argument('--quick', action='store_true', help='one short round; 100 idle connections for 3 s')
    parser.add_argument('--programs', default=f'{ROOT}/build/release/bench', help='where the programs of cortc are')
    parser.add_argument('--tests', default='', help='only tests whose name contains this')
    parser.add_argument('--prioritize', action='store_true', help='run before everything else on the machine (root): no run counts as disturbed')
    parser.add_argument('--foreign-limit', type=float, default=.2,
                        help='cores that others may use before a run counts as disturbed (default 0.2)')
    parser.add_argument('--retries', type=int, default=2, help='of a disturbed run (default 2)')
    parser.add_argument('--plot', metavar='FILE.svg', help='ice_restart: draw the distributions (needs gnuplot)')
    options = parser.parse_args()
    if options.plot and (options.what != 'ice_restart' or not shutil.which('gnuplot')):
        parser.error('--plot is for ice_restart, and needs gnuplot (apt install gnuplot-nox)')
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
        program = [f'{options.programs}/handshake_cortc']
        who = {ONE_THREAD: program, WORKER: program}
    else:
        tests = ice_restart_tests(options) if options.what == 'ice_restart' else datachannel_tests(options)
        if 'cortc' in wanted and options.what == 'ice_restart':
            who = {ONE_THREAD: [f'{options.programs}/ice_restart']}
        elif 'cortc' in wanted:
            program = f'{options.programs}/datachannel_cortc'
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
    versions['cortc'] = version_of_cortc()
    before = machine()
    if options.plot:
        for label in who:
            open(samples_file(label), 'w').close()
    results, failures = run_all(tests, who, options)
    labels = list(who)
    rows = summarize(tests, results, labels, options)
    if options.plot:
        plot(labels, options.plot)
    if options.json:
        figures = restarts_json(rows) if options.what == 'ice_restart' else {}
        print(json.dumps({**figures, 'benchmark': options.what, 'machine': before, 'versions': versions, 'skipped': skipped,
                          'rounds': options.rounds, 'prioritized': options.prioritize, 'rows': rows,
                          'failures': [dict(zip(('test', 'stack', 'error'), each)) for each in failures]}, indent=1))
    else:
        print(f"{before['cpu']}, {before['cores']} cores, Linux {before['kernel']}; load average before "
              f"{before['load_average'][0]}" + ('; prioritized' if options.prioritize else ''))
        for name, version in versions.items():
            print(f'{name}: {version}')
        print(f'Median [min..max] of {options.rounds} rounds; xN: {labels[0]} is N times as good; *: disturbed by others\n')
        (print_restarts if options.what == 'ice_restart' else print_table)(rows, labels)
        for name, label, error in failures:
            print(f'\n*** {label}: {name}: FAILED in a round: {error.strip().splitlines()[0]}')
        for name, why in skipped.items():
            print(f'\n*** {name} SKIPPED: {why}')
    return 1 if any(label in (ONE_THREAD, TWO_THREADS, WORKER) for _, label, _ in failures) else 0


if __name__ == '__main__':
    sys.exit(main())
