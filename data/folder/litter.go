package folder

import (
	"slices"
	"strings"

	"resnet/data/samples"
)

// litter are the files and folders that macOS, Windows, NAS systems and archivers leave, in small letters.
var litter = []string{"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin",
	"system volume information", "lost+found", "icon\r"}

// Ignored tells whether a file or folder of this name is none of the data's, and why: it is hidden, as .DS_Store and
// .ipynb_checkpoints are, or what a system leaves.
func Ignored(name string) (samples.Reason, bool) {
	if strings.HasPrefix(name, ".") {
		return samples.Hidden, true
	}
	return samples.Litter, slices.Contains(litter, strings.ToLower(name))
}
