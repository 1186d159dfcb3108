# SPDX-License-Identifier: GPL-3.0-or-later
"""The script for zsh: for a folder of fpath, or to be evaluated after compinit."""

from advphy_commands._completion.tables import tables

_FUNCTION = r"""
_advphy() {
    local cur=$words[CURRENT] command= option= word offered ending
    local -i i number=1
    for ((i = 2; i < CURRENT; i++)); do
        word=$words[i]
        option=
        case $word in
            --*=*) ;;
            -*)
                _advphy_takes "$command $word" || continue
                option=$word
                ((i++)) ;;
            *)
                if [[ -z $command ]]; then command=$word
                elif _advphy_has_actions "$command"; then command="$command $word"
                else ((number++)); fi ;;
        esac
    done
    ((i <= CURRENT)) && option=
    if [[ $cur == --*=* ]]; then option=${cur%%=*}; compset -P '*='; fi
    if [[ -n $option ]]; then _advphy_takes "$command $option"
    elif [[ $cur == -* && -n $command ]] && ! _advphy_has_actions "$command"; then
        _advphy_offers "$command"
    elif [[ $cur == -* ]]; then offered='--help --version' ending=no
    elif [[ -z $command ]] || _advphy_has_actions "$command"; then
        _advphy_offers "$command"
    else _advphy_takes "$command $number"; fi
    local -a each
    each=(${=offered})
    ((${#each})) && compadd -- $each
    case $ending in
        no) ;;
        any) _files ;;
        folders) _files -/ ;;
        *) _files -g "*$ending" ;;
    esac
}
if [[ $funcstack[1] == _advphy ]]; then _advphy "$@"; else compdef _advphy advphy; fi
"""


def script():
    """Return the script."""
    return "#compdef advphy\n" + tables() + _FUNCTION.lstrip()
