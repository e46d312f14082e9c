# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of ibb for bash. The command itself tells its commands and options.

_ibb ()
{
  local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  local name kind words=

  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(ibb --complete 2>/dev/null | cut -f 1)" -- "$cur")
    return
  fi
  # bash makes three words of --name=value.
  if [ "$cur" = = ]; then
    cur=
  elif [ "$before" = = ]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  while IFS=$'\t' read -r name kind _; do
    words+=" $name"
    if [ "$name" = "$before" ] && [ "$kind" != - ]; then
      case $kind in
        directory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
        file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        text) ;;
        *) mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$cur") ;;
      esac
      return
    fi
  done < <(ibb "$command" --complete 2>/dev/null)
  case $cur in
    -*) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
    *)
      if [ "$command" = send ]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi
      ;;
  esac
}

complete -F _ibb ibb
