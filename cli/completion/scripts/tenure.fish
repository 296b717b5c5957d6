# Completion of `tenure` in fish. `tenure completion fish` prints this script.

function __tenure_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l typed (commandline --current-token --cut-at-cursor)
    set -l command $words[1]
    set -e words[1]
    for line in (_TENURE_COMPLETE=fish $command $words "$typed" 2>/dev/null)
        switch $line
            case \tfiles
                __fish_complete_path "$typed"
            case \tdirectories
                __fish_complete_directories "$typed"
            case '*'
                printf '%s\n' $line
        end
    end
end

complete --command tenure --no-files --arguments '(__tenure_complete)'
