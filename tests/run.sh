#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing, builds, and runs the tests:
#
#   sh tests/run.sh                 every suite
#   sh tests/run.sh --quick         unit, simulation, loopback, files, the client beside Prosody, and the command
#   sh tests/run.sh unit server     these suites only
#   sh tests/run.sh --checks        as CI does: also the sources, sanitizers, coverage, Debian 13, 32 bits, the tarball
#   sh tests/run.sh --soak 4        for four hours: tests by lot, beside load and under other circumstances
#
# The last line is "N passed, N failed, N skipped".

root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$root/tests/lib/packages.sh"
if ! ibb_install_packages build server test all compare; then
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
exec /usr/bin/python3 "$root/tests/lib/run.py" "$@" </dev/null
