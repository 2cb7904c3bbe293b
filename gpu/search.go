//go:build !nocuda

package gpu

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// libsVariable names folders, separated by colons, that are searched first.
const libsVariable = "RESNET_CUDA_LIBS"

// toolkitFolders are searched last: those of the CUDA toolkit, and those of "make cuda-sdk" for a program in bin. Of
// those, .cuda/sdk-12.9-9.28 is for programs that were compiled with CUDA 12.
func toolkitFolders() []string {
	var folders []string
	for _, variable := range []string{"CUDA_HOME", "CUDA_PATH"} {
		if home := os.Getenv(variable); home != "" {
			folders = append(folders, filepath.Join(home, "lib64"))
		}
	}
	folders = append(folders, "/usr/local/cuda/lib64")
	if program, err := os.Executable(); err == nil {
		sdk := filepath.Join(filepath.Dir(program), "..", ".cuda", "sdk")
		others, _ := filepath.Glob(fmt.Sprintf("%s-%d.*", sdk, cudaMajor)) // none if the folder's name is no pattern
		for _, home := range append(others, sdk) {
			folders = append(folders, filepath.Join(home, "lib64"))
		}
	}
	return folders
}

// candidates lists the paths to try for a library in order: the files of that name in the folders of $RESNET_CUDA_LIBS,
// the bare name, which the loader searches for, and the files in toolkitFolders.
func candidates(soname string) []string {
	paths := existing(filepath.SplitList(os.Getenv(libsVariable)), soname)
	paths = append(paths, soname)
	return append(paths, existing(toolkitFolders(), soname)...)
}

// otherMajor is a file of another major version of a library, where the candidates are searched for, or "".
func otherMajor(soname string) string {
	folders := append(filepath.SplitList(os.Getenv(libsVariable)), toolkitFolders()...)
	for _, folder := range append(folders, systemFolders...) {
		files, err := filepath.Glob(filepath.Join(folder, strings.TrimRight(soname, "0123456789")+"*"))
		if folder == "" || err != nil { // which is that the folder's name is no pattern
			continue
		}
		for _, file := range files {
			_, version, _ := strings.Cut(filepath.Base(file), ".so.")
			if _, err := strconv.ParseUint(version, 10, 16); err == nil {
				return file
			}
		}
	}
	return ""
}

// systemFolders are where Linux distributions keep the libraries that the loader finds by name.
var systemFolders = []string{"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"}

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

// openFirst opens the first candidate that exists. If it cannot be opened that is an error: the next candidate might be
// another version.
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
	found := ""
	if other := otherMajor(soname); other != "" {
		found = ", only " + other + ", which this build is not for"
	}
	return unusable(fmt.Sprintf("gpu: %s not found%s: %s, or name its folder in %s", soname, found, install,
		libsVariable))
}
