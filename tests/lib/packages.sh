#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The one list of Debian packages (Debian 12), and a way to install what is
# missing of it:
#
#   sh tests/lib/packages.sh [build] [test]
#
# or, from another script, with this file sourced: ibb_install_packages build
# Nothing is done, and no network is used, when nothing is missing.

# What the library, the command, the bindings and the documentation need.
ibb_packages_build='
  gcc
  gettext
  gi-docgen
  glib-networking
  gobject-introspection
  libgirepository1.0-dev
  libglib2.0-dev
  libc6-dev
  libidn-dev
  libidn2-dev
  libxml2-dev
  meson
  nettle-dev
  ninja-build
  pkg-config
  valac
'

# What the tests and the checks add.
ibb_packages_test='
  ca-certificates
  clang
  clang-format-14
  curl
  dbus-daemon
  dino-im
  dnsmasq-base
  ejabberd
  fish
  g++
  gajim
  gcovr
  gdb
  gir1.2-glib-2.0
  gir1.2-soup-3.0
  gjs
  iproute2
  libclang-rt-14-dev
  libgloox-dev
  libgsasl-dev
  libjson-glib-dev
  libpurple-dev
  libqxmpp-dev
  lua-unbound
  openssh-client
  openssh-server
  openssl
  prosody
  prosody-modules
  python3
  python3-aioxmpp
  python3-gi
  python3-lxml
  python3-slixmpp
  valgrind
  xvfb
  zsh
'

ibb_missing_packages ()
{
  for group in "$@"; do
    case $group in
      build) packages=$ibb_packages_build ;;
      test) packages=$ibb_packages_test ;;
      *) echo "packages.sh: there is no group \"$group\"" >&2; return 2 ;;
    esac
    for package in $packages; do
      case $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) in
        ?i*) ;;
        *) printf '%s ' "$package" ;;
      esac
    done
  done
}

# In a subshell, so that the traps are its own.
ibb_install_packages ()
(
  command -v dpkg-query >/dev/null || {
    echo "not a Debian system: install what tests/lib/packages.sh lists by hand" >&2
    exit 0
  }
  missing=$(ibb_missing_packages "$@") || exit 1
  [ -n "$missing" ] || exit 0

  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "root is needed to install: $missing" >&2
      exit 1
    }
    as_root=sudo
  fi

  # Packages such as prosody start a service when they are installed. A policy
  # keeps it from starting; a service that runs already is left alone.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap '$as_root rm -f $policy' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
  fi

  echo "installing: $missing" >&2
  set -- -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" update </dev/null >&2 || exit 1
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" install --no-install-recommends \
    $missing </dev/null >&2 || exit 1
  # Nor does a server that only the tests wanted start with the system later.
  for pair in prosody:prosody ejabberd:ejabberd openssh-server:ssh; do
    case " $missing" in
      *" ${pair%:*} "*) $as_root update-rc.d "${pair#*:}" disable >&2 || : ;;
    esac
  done
)

case ${0##*/} in
  packages.sh)
    [ $# -gt 0 ] || set -- build test
    ibb_install_packages "$@"
    ;;
esac
