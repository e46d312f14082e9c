#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# in-folder.sh COMMAND…: runs a command with a new folder as its last argument.

set -eu
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
"$@" "$folder"
