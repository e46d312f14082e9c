#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the Debian packages of these sources, with all that a Debian source has below tests/install/debian:
#
#   sh tests/install/debian.sh FOLDER [OPTION ...]     options of dpkg-buildpackage, such as -S (default: -b)
#
# "sudo apt-get build-dep ./tests/install" installs what the build needs.
#
# FOLDER then has the packages, and in FOLDER/ibb-glib the sources that they are made of.

set -e
if [ $# -eq 0 ]; then
  sed -n '5,8s/^#\( *\)/\1/p' "$0" >&2
  exit 2
fi
mkdir -p "$1"
sources=$(cd "$1" && pwd)/ibb-glib
shift
cd "$(dirname "$0")/../.."
rm -rf "$sources"
mkdir "$sources"
# In a checkout, what git knows of; a tarball has nothing else.
if [ -e .git ]; then git ls-files -z; else find . ! -type d -print0; fi >"$sources/files"
tar -c --null --files-from="$sources/files" -f - | tar -x -C "$sources"
rm "$sources/files"
cp -R tests/install/debian "$sources/debian"
cd "$sources"
if [ $# -eq 0 ]; then set -- -b; fi
dpkg-buildpackage -us -uc "$@"
