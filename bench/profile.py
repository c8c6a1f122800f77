#!/usr/bin/env python3
"""Where the CPU time of a program goes, by layer: bench/profile.py build/release/bench/datachannel_cortc bulk 65535 5

Samples stacks with perf (it needs no hardware counters) and gives each sample to the innermost frame that belongs to a
layer, so that memcpy, malloc and what has no symbol count for whoever called them."""
import collections
import re
import subprocess
import sys
import tempfile

LAYERS = [  # the first that matches "symbol (library)"
    ('kernel: sockets, epoll, scheduling', r'\[kernel|\[k\]|\[vdso\]|\(\[unknown\]\)'),
    ('mbedTLS: AES-GCM', r'_gcm_|_aesni_|mbedtls_aes_|mbedtls_cipher_'),
    ('mbedTLS: ECDHE, ECDSA (bignum)', r'mbedtls_(mpi|ecp|ecdsa|ecdh|pk)_'),
    ('mbedTLS: other crypto', r'mbedtls_.*libmbedcrypto'),
    ('mbedTLS: TLS records, certificates', r'libmbedtls|libmbedx509'),
    ('cortc: DTLS session and front filter', r'cortc::(crypto|dtls)::'),
    ('cortc: SCTP and data channels', r'cortc::(sctp|datachannel)::'),
    ('cortc: ICE and STUN', r'cortc::(ice|stun)::'),
    ('cortc: SDP and JSEP', r'cortc::(sdp|jsep)::'),
    ('cortc: network, batches', r'cortc::net::'),
    ('cortc: transport, connection', r'cortc::(transport|connection|context|channel_impl|detail|event_stream|phase)'),
    ('coroutines, waiters, Asio', r'boost::|cortc::|bench::|anonymous'),
]


def layer_of(stack):
    for frame in stack:
        for name, pattern in LAYERS:
            if re.search(pattern, frame):
                return name
    return 'other'


def main():
    with tempfile.NamedTemporaryFile() as data:
        done = subprocess.run(['perf', 'record', '-q', '-F', '499', '-e', 'cpu-clock', '--call-graph', 'dwarf,4096', '-o',
                               data.name, *sys.argv[1:]])
        script = subprocess.run(['perf', 'script', '-F', 'ip,sym,dso', '-i', data.name], capture_output=True, text=True)
    layers = collections.Counter()
    for sample in script.stdout.split('\n\n'):
        # Library names are kept, the program's own path is not: it would match.
        stack = [re.sub(r'^[0-9a-f]+\s+', '', line.strip()).replace(f'({sys.argv[1]})', '') for line in sample.splitlines()]
        if any(stack):
            layers[layer_of(stack)] += 1
    total = sum(layers.values())
    for name, count in layers.most_common():
        print(f'{100 * count / total:5.1f} %  {name}')
    return done.returncode


sys.exit(main())
