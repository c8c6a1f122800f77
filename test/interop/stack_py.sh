#!/usr/bin/env bash
# stack_py.sh PROGRAM ROLE POLICY ABILITIES: runs stack.py, which is aiortc, against stack_peer. The program judges.
source "$(dirname "${BASH_SOURCE[0]}")/peers.sh"
python=$peers/python/bin/python3
"$python" -c 'import aiortc, websockets' 2>/dev/null || skip "there is no aiortc in $peers/python"
role=$(role_of_client "$2" "$3")
client() { "$python" "$here/stack.py" "$1" "$role"; }
judged_by "$@" "$(address_of_machine)"
