#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later

# A script for 1.0: a file from one account to another, options, exit statuses and events.

set -eu
cd "$1"
seq 10000 > numbers.txt
mkdir inbox

as ()
{
  export IBB_PASSWORD="$2"
  command="$3"
  server="--server $IBB_TEST_HOST:$IBB_TEST_PORT --ca-file $IBB_TEST_CA_FILE --jid $1"
  shift 3
  exec ibb "$command" $server "$@"
}

mkfifo events
(as "$IBB_TEST_BOB" "$IBB_TEST_BOB_PASSWORD" receive --json --directory inbox --from "$IBB_TEST_ALICE") > events &
exec 3< events
read -r ready <&3
jid=$(expr "$ready" : '.*"event":"ready".*"jid":"\([^"]*\)"')
(as "$IBB_TEST_ALICE" "$IBB_TEST_ALICE_PASSWORD" send --json numbers.txt "$jid") > sent
grep -q '"event":"done".*"state":"delivered"' sent
while read -r event <&3; do
  case "$event" in *'"event":"done"'*) break;; esac
done
expr "$event" : '.*"name":"numbers.txt".*"bytes":48894' > /dev/null
kill $!
wait $! || true
cmp numbers.txt inbox/numbers.txt

status=0
(as "$IBB_TEST_ALICE" wrong send --quiet numbers.txt "$jid") 2> errors || status=$?
test "$status" = 3
status=0
ibb send --no-such-option 2> errors || status=$?
test "$status" = 2
