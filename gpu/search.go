//go:build !nocuda

package gpu

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// libsVariable names folders, separated by colons, that are searched first.
const libsVariable = "RESNET_CUDA_LIBS"

// toolkitFolders are searched last: the toolkit's, and that of "make cuda-sdk" beside a program in bin.
func toolkitFolders() []string {
	var folders []string
	for _, variable := range []string{"CUDA_HOME", "CUDA_PATH"} {
		if home := os.Getenv(variable); home != "" {
			folders = append(folders, filepath.Join(home, "lib64"))
		}
	}
	folders = append(folders, "/usr/local/cuda/lib64")
	if program, err := os.Executable(); err == nil {
		folders = append(folders, filepath.Join(filepath.Dir(program), "..", ".cuda", "sdk", "lib64"))
	}
	return folders
}

// candidates lists what to open for a library, best first: the files of that name in $RESNET_CUDA_LIBS, the bare name,
// which the loader looks up, and the files in the toolkit's folders.
func candidates(soname string) []string {
	paths := existing(filepath.SplitList(os.Getenv(libsVariable)), soname)
	paths = append(paths, soname)
	return append(paths, existing(toolkitFolders(), soname)...)
}

func existing(folders []string, name string) []string {
	var paths []string
	for _, folder := range folders {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); folder != "" && err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// openFirst opens the first candidate that there is. A file that is there but cannot be opened is an error: the next
// one would be another version.
func openFirst(soname, install string, open func(path string) error) error {
	for _, path := range candidates(soname) {
		err := open(path)
		if err == nil {
			return nil
		}
		if path != soname || !strings.HasPrefix(err.Error(), soname+": cannot open shared object file") {
			return unusable(fmt.Sprintf("gpu: %s cannot be loaded: %v", path, err))
		}
	}
	return unusable(fmt.Sprintf("gpu: %s not found: %s, or name its folder in %s", soname, install, libsVariable))
}
