# Completion of resnet for fish. For one session:  resnet completion fish | source
# For all:  resnet completion fish > ~/.config/fish/completions/resnet.fish

function __resnet_proposals
	set -l words (commandline -opc)
	set -l last (commandline -ct)
	set -l proposals ($words[1] __complete -- $words[2..-1] "$last" 2>/dev/null)
	if test (count $proposals) -gt 0
		printf '%s\n' $proposals
	else
		__fish_complete_path "$last"
	end
end

complete -c resnet -f -k -a '(__resnet_proposals)'
