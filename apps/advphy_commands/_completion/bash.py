# SPDX-License-Identifier: GPL-3.0-or-later
"""The script for bash; it needs nothing but bash 4."""

from advphy_commands._completion.tables import tables

# To bash, "=" and ":" stand in words of their own.
_FUNCTION = r"""
_advphy() {
    local cur=${COMP_WORDS[COMP_CWORD]} command= number=1 option= i word offered ending
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        option=
        case $word in
            :) ((i++)); continue ;;
            -*)
                _advphy_takes "$command $word" || continue
                option=$word
                [ "${COMP_WORDS[i+1]}" = = ] && ((i++))
                ((i++)) ;;
            *)
                if [ -z "$command" ]; then command=$word
                elif _advphy_has_actions "$command"; then command="$command $word"
                else ((number++)); fi ;;
        esac
    done
    [ "$i" -le "$COMP_CWORD" ] && [ "$cur" != = ] && option=
    [ "$cur" = = ] && cur=
    case "${COMP_WORDS[COMP_CWORD-1]}$cur" in :*|*:) COMPREPLY=(); return ;; esac
    if [ -n "$option" ]; then _advphy_takes "$command $option"
    elif [[ $cur == -* && -n $command ]] && ! _advphy_has_actions "$command"; then
        _advphy_offers "$command"
    elif [[ $cur == -* ]]; then offered='--help --version' ending=no
    elif [ -z "$command" ] || _advphy_has_actions "$command"; then
        _advphy_offers "$command"
    else _advphy_takes "$command $number"; fi
    mapfile -t COMPREPLY < <(
        compgen -W "$offered" -- "$cur"
        case $ending in
            no) ;;
            any) compgen -f -- "$cur" ;;
            folders) compgen -d -- "$cur" ;;
            *) compgen -f -X "!*$ending" -- "$cur"; compgen -d -- "$cur" ;;
        esac)
    [ "$ending" = no ] || compopt -o filenames 2>/dev/null
}
complete -F _advphy advphy
"""


def script():
    """Return the script."""
    return tables() + _FUNCTION.lstrip()
