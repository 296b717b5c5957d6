# Completion of `tenure` in bash 4.4 or later. `tenure completion bash` prints this script.

_tenure() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            $'\tfiles') compopt -o bashdefault -o default ;;
            $'\tdirectories') compopt -o dirnames ;;
            *) COMPREPLY+=("$line") ;;
        esac
    done < <(_TENURE_COMPLETE=bash _TENURE_BREAKS=$COMP_WORDBREAKS \
        "$1" "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}

complete -o nosort -F _tenure tenure
