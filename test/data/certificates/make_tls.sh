#!/usr/bin/env bash
# Makes the tls_*.pem of this folder anew: a root, an authority below it, servers' certificates by both, one signed by itself
# and a root that nobody trusts. Valid 2025 to 2045.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
names="DNS:turn.example.org,DNS:*.wild.example.org,DNS:localhost,IP:192.0.2.1,IP:2001:db8::1,IP:127.0.0.1,IP:::1,IP:10.0.0.9"
cat >ca.cnf <<END
[ca]
default_ca = any
[any]
database = index
new_certs_dir = .
serial = serial
default_md = sha256
policy = policy
unique_subject = no
[policy]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[server]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $names
[nameless]
basicConstraints = CA:FALSE
END
touch index
echo 1000 >serial
key() { # name, algorithm
    if [[ $2 == rsa ]]; then openssl genrsa -out "$1.key" 2048 2>/dev/null; else openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"; fi
}
make() { # name, subject, extensions, algorithm, issuer (none: itself)
    key "$1" "$4"
    openssl req -new -config ca.cnf -key "$1.key" -subj "/CN=$2" -out "$1.csr"
    local by=(-selfsign -keyfile "$1.key")
    [[ ${5-} ]] && by=(-cert "$5.crt" -keyfile "$5.key")
    openssl ca -batch -config ca.cnf "${by[@]}" -extensions "$3" -startdate 20250101000000Z -enddate 20450101000000Z -in "$1.csr" \
        -notext -out "$1.crt" 2>/dev/null
}
make root "Test root" root ec
make stranger "Another root" root ec
make authority "Test authority" root ec root
make server turn.example.org server ec authority
make rsa turn.example.org server rsa root
make nameless turn.example.org nameless ec root
make self turn.example.org server ec
cp root.crt "$here/tls_root.pem"
cp stranger.crt "$here/tls_other_root.pem"
cat server.crt authority.crt server.key >"$here/tls_server.pem"
cat server.crt server.key >"$here/tls_server_without_authority.pem"
cat rsa.crt rsa.key >"$here/tls_server_rsa.pem"
cat nameless.crt nameless.key >"$here/tls_server_nameless.pem"
cat self.crt self.key >"$here/tls_self_signed.pem"
