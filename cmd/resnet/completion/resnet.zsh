#compdef resnet
# Completion of resnet for zsh. For one session:  source <(resnet completion zsh)
# For all:  resnet completion zsh > DIR/_resnet, with a DIR of $fpath

_resnet() {
	local line
	local -a proposals
	for line in "${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		[[ -n $line ]] && proposals+=("${line/$'\t'/:}")
	done
	if (( $#proposals )); then
		_describe 'resnet' proposals
	else
		_files
	fi
}

# Read by compinit the file is the function's first call; sourced it defines it.
if [[ $funcstack[1] == _resnet ]]; then
	_resnet "$@"
else
	compdef _resnet resnet
fi
