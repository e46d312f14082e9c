#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The one list of Debian packages (Debian 12 and 13), and a way to install what is
# missing of it:
#
#   sh tests/lib/packages.sh [build] [server] [test] [all] [compare]
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
  libgnutls28-dev
  libc6-dev
  libidn-dev
  libidn2-dev
  libqrencode-dev
  libsecret-1-dev
  libxml2-dev
  meson
  nettle-dev
  ninja-build
  pkg-config
  python3-gi
  valac
'

# What a first transfer through a private server adds (examples/quickstart.sh).
ibb_packages_server='
  lua-unbound
  openssl
  prosody
  python3
'

# What the tests in one process, of the bindings, and beside Prosody add.
ibb_packages_test='
  ca-certificates
  dbus-daemon
  gdb
  gir1.2-glib-2.0
  gir1.2-soup-3.0
  gjs
  gnome-keyring
  libgsasl-dev
  libsecret-tools
  locales
  mypy
  prosody-modules
'

# What the other tests add.
ibb_packages_all='
  abigail-tools
  appstream
  arch-test
  clang
  curl
  desktop-file-utils
  dnsmasq-base
  ejabberd
  fish
  g++
  gcovr
  gir1.2-adw-1
  gir1.2-gtk-4.0
  gir1.2-jsonrpc-1.0
  iproute2
  libclang-rt-dev
  libjson-glib-dev
  libstrophe-dev
  man-db
  mmdebstrap
  musl-tools
  openssh-client
  openssh-server
  python3-aiohttp
  python3-gi-cairo
  python3-nbxmpp
  rsync
  tigervnc-standalone-server
  valgrind
  xvfb
  zsh
'

# What only checks or compares, with what is left out without it. Not every release of Debian
# has all of them.
ibb_packages_compare='
  clang-format-14: the layout of the sources
  clang-tools-14: products of sizes and times
  dino-im: transfers with Dino
  gajim: transfers with Gajim
  libgloox-dev: transfers with gloox
  libpurple-dev: transfers with libpurple
  libqxmpp-dev: transfers with QXmpp
  python3-aioxmpp: sessions with aioxmpp
  python3-lxml: the XML Schema of doc/extension.md
  python3-slixmpp: sessions and transfers with slixmpp
  reuse: the check of licences
'

# Packages of these groups that are not installed.
ibb_missing_packages ()
{
  for group in "$@"; do
    case $group in
      build) packages=$ibb_packages_build ;;
      server) packages=$ibb_packages_server ;;
      test) packages=$ibb_packages_test ;;
      all) packages=$ibb_packages_all ;;
      compare) packages=$(echo "$ibb_packages_compare" | cut -d : -f 1) ;;
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

# Names what is left out without these packages; fails if something else needs one of them.
ibb_left_out ()
{
  status=0
  for package in "$@"; do
    what=$(echo "$ibb_packages_compare" | sed -n "s/^ *$package: //p")
    if [ -n "$what" ]; then
      echo "no package $package; left out: $what" >&2
    else
      echo "no package $package, which is needed" >&2
      status=1
    fi
  done
  return $status
}

# Those of these packages that apt cannot install, or can.
ibb_find_packages ()
{
  can=$1
  shift
  # One call: where apt keeps no cache, as in containers, each of them takes most of a second.
  candidates=" $(LC_ALL=C apt-cache policy "$@" 2>/dev/null | awk '
    /^[^ ]/ { name = $1; sub (/:$/, "", name) }
    /^ *Candidate: [^(]/ { printf "%s ", name }')"
  for package in "$@"; do
    case $candidates in *" $package "*) found=yes ;; *) found=no ;; esac
    [ $found != "$can" ] || printf '%s ' "$package"
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
  # shellcheck disable=SC2086
  # Without its lists, apt knows nothing; they are fetched below.
  if [ -n "$(find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null)" ] \
    && [ -z "$(ibb_find_packages yes $missing)" ]; then
    ibb_left_out $missing
    exit
  fi

  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "root is needed to install: $missing" >&2
      # shellcheck disable=SC2086
      ibb_left_out $missing
      exit
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
  # shellcheck disable=SC2086,SC2046
  if $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" update </dev/null >&2; then
    ibb_left_out $(ibb_find_packages no $missing) || exit 1
    missing=$(ibb_find_packages yes $missing)
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" install --no-install-recommends \
      $missing </dev/null >&2 || exit 1
  else
    ibb_left_out $missing
    exit
  fi
  # Nor does a server that only the tests wanted start with the system later.
  for pair in prosody:prosody ejabberd:ejabberd openssh-server:ssh; do
    case " $missing" in
      *" ${pair%:*} "*) $as_root update-rc.d "${pair#*:}" disable >&2 || : ;;
    esac
  done
)

case ${0##*/} in
  packages.sh)
    [ $# -gt 0 ] || set -- build server test all compare
    ibb_install_packages "$@"
    ;;
esac
