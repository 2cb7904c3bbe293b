# Completion of resnet for bash. For one session:  source <(resnet completion bash)
# For all:  resnet completion bash > ~/.local/share/bash-completion/completions/resnet

_resnet() {
	local IFS=$'\n' line
	COMPREPLY=()
	for line in $("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
		COMPREPLY+=("${line%%$'\t'*}")
	done
}

# Where there is nothing to propose bash proposes files.
complete -o default -F _resnet resnet
