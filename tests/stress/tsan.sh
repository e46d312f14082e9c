#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The tests under ThreadSanitizer, with a GLib that it can see into, made of
# Debian's source: without that it takes GLib's locks for none.
#
#   sh tests/stress/tsan.sh [SECONDS]    how long the storm lasts, 60 by default
#
# GLib is built once, into IBB_TSAN_DIR (~/.cache/ibb-glib-tsan by default); that
# takes some minutes, a network and dpkg-dev.

set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${IBB_TSAN_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ibb-glib-tsan}
seconds=${1:-60}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# The sources of what is installed, without a change to the system's own list.
fetch_glib ()
{
  mkdir -p "$cache/lists/partial" "$cache/parts" "$cache/source"
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -e "$file" ] && grep -q debian.org "$file" &&
      sed 's/^Types:.*/Types: deb-src/' "$file" >"$cache/parts/$(basename "$file")"
  done
  grep -h '^deb .*debian.org' /etc/apt/sources.list 2>/dev/null | sed 's/^deb /deb-src /' \
    >"$cache/parts/debian.list" || :
  set -- -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$cache/parts" \
    -o Dir::State::Lists="$cache/lists" -o APT::Sandbox::User=root
  version=$(dpkg-query -W -f '${Version}' libglib2.0-dev)
  apt-get "$@" update
  (cd "$cache/source" && apt-get "$@" source "glib2.0=$version")
}

build_glib ()
{
  # shellcheck disable=SC2144
  [ -d "$cache"/source/glib2.0-*/ ] || fetch_glib
  # A lock of its own in assembler, which the sanitizer cannot see either.
  sed -i '/define USE_ASM_GOTO/d' "$cache"/source/glib2.0-*/glib/gbitlock.c
  meson setup "$cache/glib-build" "$(echo "$cache"/source/glib2.0-*/)" \
    --prefix="$cache/glib" --libdir=lib -Dbuildtype=debugoptimized -Db_sanitize=thread \
    -Db_lundef=false -Dtests=false -Dnls=disabled -Dselinux=disabled -Dlibmount=disabled \
    -Dlibelf=disabled -Dxattr=false -Dman=false -Dgtk_doc=false
  nice ninja -C "$cache/glib-build" install
}

[ -e "$cache/glib/lib/libgio-2.0.so.0" ] || build_glib

# The headers are the system's, of the same version; only what is loaded differs.
build=$cache/build
[ -e "$build/build.ninja" ] ||
  meson setup "$build" "$root" -Db_sanitize=thread -Db_lundef=false -Dintrospection=disabled \
    -Dvapi=disabled -Ddocs=disabled
nice ninja -C "$build"

export LD_LIBRARY_PATH="$cache/glib/lib"
export G_SLICE=always-malloc
GIO_MODULE_DIR=/usr/lib/$(gcc -print-multiarch)/gio/modules
export GIO_MODULE_DIR
export TSAN_OPTIONS="suppressions=$root/tests/stress/tsan.supp halt_on_error=0 exitcode=66 \
history_size=7 second_deadlock_stack=1"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier 10 --num-processes 2 \
  --suite unit --suite loopback || status=1
meson test -C "$build" --no-rebuild --print-errorlogs --timeout-multiplier 10 --num-processes 2 \
  client-script-online client-script-login client-login || status=1
"$build/tests/stress/stress" --seconds "$seconds" --limit 600 || status=1
exit $status
