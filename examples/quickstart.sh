#!/bin/sh
# SPDX-License-Identifier: 0BSD
#
# sh examples/quickstart.sh: from a fresh Debian 12 or 13 to a file sent from C to Python
# and back. Installs what is missing, builds, starts a private XMPP server on a free
# port of the loopback interface with throw-away accounts, and leaves nothing running.
# IBB_BUILD_DIR names the folder to build in (default: _build in the source tree).

set -eu

source_dir=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build_dir=${IBB_BUILD_DIR:-$source_dir/_build}
mkdir -p "$build_dir"
build_dir=$(CDPATH='' cd -- "$build_dir" && pwd)

say ()
{
  printf '\n== %s\n' "$*"
}

# build LOG COMMAND...
# Shows each tenth line of what the command says, or all of it if the command fails. A shell reads the lines:
# Debian's awk waits for a full buffer.
build ()
{
  log=$1
  shift
  rm -f "$log.failed"
  { "$@" 2>&1 || touch "$log.failed"; } | tee "$log" | {
    count=0
    while IFS= read -r line; do
      count=$((count + 1))
      [ $((count % 10)) -ne 0 ] || printf '%.79s\n' "$line"
    done
  }
  if [ -e "$log.failed" ]; then
    cat "$log"
    exit 1
  fi
}

# transfer TITLE SENDER RECEIVER SENDER-PROGRAM RECEIVER-PROGRAM FROM-FILE TO-FILE
# The receiver says when it can be reached: its standard error is a pipe that is read.
transfer ()
{
  printf '%s: ' "$1"
  mkfifo "$work_dir/said"
  IBB_PASSWORD=$(eval "printf %s \"\$IBB_TEST_${3}_PASSWORD\"") \
    "$5" "$(eval "printf %s \"\$IBB_TEST_$3\"")" "$(eval "printf %s \"\$IBB_TEST_$2\"")" "$7" \
    2>"$work_dir/said" >"$work_dir/receiver" &
  receiver=$!
  exec 3<"$work_dir/said"
  rm "$work_dir/said"
  read -r word jid <&3 || word=
  if [ "$word" != ready ]; then
    echo "the receiver said: $word ${jid:-}" >&2
    cat <&3 >&2
    exit 1
  fi
  IBB_PASSWORD=$(eval "printf %s \"\$IBB_TEST_${2}_PASSWORD\"") \
    "$4" "$(eval "printf %s \"\$IBB_TEST_$2\"")" "$jid" "$6"
  if ! wait $receiver; then
    cat <&3 >&2
    exit 1
  fi
  exec 3<&-
}

# Beside a running server (tests/lib/prosody.py says where it is).
exchange ()
{
  work_dir=$(mktemp -d)
  trap 'rm -rf "$work_dir"' EXIT
  export IBB_SERVER="$IBB_TEST_HOST:$IBB_TEST_PORT" IBB_CA_FILE="$IBB_TEST_CA_FILE"

  head -c 5000000 /dev/urandom >"$work_dir/original"
  transfer 'from C to Python' ALICE BOB \
    "$build_dir/examples/example-send-file" \
    "$source_dir/examples/receive-file.py" \
    "$work_dir/original" "$work_dir/there"
  transfer 'from Python to C' BOB ALICE \
    "$source_dir/examples/send-file.py" \
    "$build_dir/examples/example-receive-file" \
    "$work_dir/there" "$work_dir/back"

  say 'Summary'
  (cd "$work_dir" && sha256sum original there back)
  cmp "$work_dir/original" "$work_dir/there"
  cmp "$work_dir/original" "$work_dir/back"
  echo 'The three are equal: there and back without loss.'
}

if [ "${1:-}" = --exchange ]; then
  exchange
  exit
fi

say 'What is needed'
. "$source_dir/tests/lib/packages.sh"
ibb_install_packages build server
echo 'Everything is installed.'

say "Building in $build_dir"
[ -f "$build_dir/build.ninja" ] || build "$build_dir/setup.log" env PYTHONUNBUFFERED=1 \
  meson setup "$build_dir" "$source_dir" -Dxmpp=enabled -Dfiles=enabled -Dtool=enabled -Dintrospection=enabled
build "$build_dir/ninja.log" ninja -C "$build_dir" quickstart
echo 'Built.'

say 'Without any server: ibb demo'
"$build_dir/ibb-glib/tool/ibb" demo

say 'Through a private server'
IBB_BUILD_DIR=$build_dir meson devenv -C "$build_dir" /usr/bin/python3 \
  "$source_dir/tests/lib/prosody.py" -- sh "$source_dir/examples/quickstart.sh" --exchange
