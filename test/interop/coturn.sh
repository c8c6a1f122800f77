#!/usr/bin/env bash
# coturn.sh PROGRAM [ARGUMENTS]: two servers of coturn on loopback, each with the user "user" and the password "secret"; the program gets
# their URLs first. coturn.sh PROGRAM transports: one server over UDP, TCP, TLS and DTLS, on 127.0.0.1 and ::1; the program gets
# "transports", its port, its port for TLS, the file of its certificate, which names these two addresses and no name, and what else was given.
source "$(dirname "${BASH_SOURCE[0]}")/peers.sh"
command -v turnserver >/dev/null || skip "coturn is not installed"
work=$(mktemp -d)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

free_ports() { # a port and the 499 after it, for relays, which nobody has now
    python3 - <<'PY'
import random, socket
for _ in range(100):
    first = random.randrange(20000, 32000)
    sockets = []
    try:
        for port in range(first, first + 500):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sockets.append(one)
            one.bind(("127.0.0.1", port))
        print(first)
        break
    except OSError:
        pass
    finally:
        for one in sockets: one.close()
PY
}
start() { # name
    local port line
    port=$(free_ports)
    exec 4< <(exec turnserver -n -v --no-cli --no-tls --no-dtls --no-tcp --no-multicast-peers --allow-loopback-peers \
        --listening-ip 127.0.0.1 --relay-ip 127.0.0.1 --listening-port "$port" --min-port $((port + 1)) --max-port $((port + 499)) \
        --lt-cred-mech --user user:secret --realm example.org --fingerprint --log-file stdout --simple-log \
        --pidfile "$work/$1.pid" --userdb "$work/$1.db" 2>&1)
    pids+=($!)
    while read -r -t 20 -u 4 line; do
        printf '%s\n' "$line" >>"$work/$1.log"
        [[ $line != *"UDP listener opened on"* ]] || break
    done
    [[ ${line-} == *"UDP listener opened on"* ]] || { cat "$work/$1.log"; echo "FAILED: coturn does not begin"; exit 1; }
    cat <&4 >/dev/null &
    exec 4<&-
    url=turn:127.0.0.1:$port
}
start_transports() {
    local line
    port=$(free_ports)
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=coturn -addext "subjectAltName=IP:127.0.0.1,IP:::1" \
        -keyout "$work/key.pem" -out "$work/certificate.pem" 2>/dev/null
    exec 4< <(exec turnserver -n -v --no-cli --no-multicast-peers --allow-loopback-peers --listening-ip 127.0.0.1 --listening-ip ::1 \
        --relay-ip 127.0.0.1 --relay-ip ::1 --listening-port "$port" --tls-listening-port $((port + 1)) \
        --alt-listening-port 0 --alt-tls-listening-port 0 --min-port $((port + 10)) --max-port $((port + 499)) \
        --cert "$work/certificate.pem" --pkey "$work/key.pem" --lt-cred-mech --user user:secret --realm example.org --fingerprint \
        --log-file stdout --simple-log --pidfile "$work/all.pid" --userdb "$work/all.db" 2>&1)
    pids+=($!)
    while read -r -t 20 -u 4 line; do
        printf '%s\n' "$line" >>"$work/all.log"
        [[ $line != *"DTLS/UDP listener opened on: ::1"* ]] || break
    done
    [[ ${line-} == *"listener opened on"* ]] || { cat "$work/all.log"; echo "FAILED: coturn does not begin"; exit 1; }
    cat <&4 >>"$work/all.log" &
    exec 4<&-
}
if [[ ${2-} == transports ]]; then
    start_transports
    "$1" transports "$port" $((port + 1)) "$work/certificate.pem" "${@:3}"
    exit
fi
start first
first=$url
start second
"$1" "$first" "$url" "${@:2}"
