# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of ibb for fish. The command itself tells its commands and options.

function __ibb_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l before $words[-1]
    set -l prefix
    if test (count $words) -lt 2
        ibb --complete 2>/dev/null
        return
    end
    # --name=value is one word.
    if string match -q -- '--*=*' $current
        set before (string split -m 1 = -- $current)[1]
        set current (string split -m 1 = -- $current)[2]
        set prefix $before=
    end
    set -l lines (ibb $words[2] --complete 2>/dev/null)
    for line in $lines
        set -l field (string split \t -- $line)
        if test "$field[1]" = "$before" -a "$field[2]" != -
            switch $field[2]
                case directory
                    printf "$prefix%s\n" (__fish_complete_directories $current)
                case file
                    printf "$prefix%s\n" (__fish_complete_path $current)
                case text
                case '*'
                    printf "$prefix%s\n" (string split ' ' -- $field[2])
            end
            return
        end
    end
    if string match -q -- '-*' $current
        for line in $lines
            set -l field (string split \t -- $line)
            printf '%s\t%s\n' $field[1] $field[3]
        end
    else if test "$words[2]" = send
        __fish_complete_path $current
    end
end

complete -c ibb -f -a '(__ibb_complete)'
