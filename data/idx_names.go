package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resnet/data/terminal"
)

// The four files of a data set in MNIST's format, as indices of every array of four in this package.
const (
	trainImages = iota
	trainLabels
	testImages
	testLabels
)

var (
	stems = [4]string{
		"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
	}
	magics = [4]uint32{magicImages, magicLabels, magicImages, magicLabels}
)

// otherStems are what EMNIST and QMNIST say in place of a stem, after a prefix.
var otherStems = [4][]string{
	trainLabels: {"train-labels-idx2-int"},
	testImages:  {"test-images-idx3-ubyte"},
	testLabels:  {"test-labels-idx1-ubyte", "test-labels-idx2-int"},
}

// spellings lists the names under which a file of the four is looked for, the cheapest to read first.
func spellings(kind int) []string {
	var names []string
	for _, stem := range append([]string{stems[kind]}, otherStems[kind]...) {
		dotted := strings.Replace(stem, "-idx", ".idx", 1)
		names = append(names, stem, dotted, stem+".gz", dotted+".gz")
	}
	return names
}

// candidates lists the paths under which a file of the four may be in dir, its name after a prefix. Where Kaggle
// unpacks a file there is a folder of the file's name around it, sometimes with the file beside the folder.
func candidates(dir, prefix string, kind int) (paths, folders []string) {
	for _, name := range spellings(kind) {
		path := filepath.Join(dir, prefix+name)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			folders = append(folders, path)
		} else {
			paths = append(paths, path)
		}
	}
	for _, folder := range folders {
		for _, name := range spellings(kind) {
			paths = append(paths, filepath.Join(folder, prefix+name))
		}
	}
	return paths, folders
}

// prefixes lists what stands before the names of the four files in dir, such as "emnist-letters-", in order.
func prefixes(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, osReason(err)
	}
	var all []string
	for _, e := range entries {
		for kind := range stems {
			for _, name := range spellings(kind) {
				p, ok := strings.CutSuffix(e.Name(), "-"+name)
				if ok && p != "" && !slices.Contains(all, p+"-") {
					all = append(all, p+"-")
				}
			}
		}
	}
	return all, nil
}

// choosePrefix returns the one prefix of dir, "" where there is none.
func choosePrefix(dir string) (string, error) {
	all, err := prefixes(dir)
	switch {
	case err != nil || len(all) == 0:
		return "", err
	case len(all) == 1:
		return all[0], nil
	}
	var names []string
	for _, p := range all {
		names = append(names, terminal.Printable(strings.TrimSuffix(p, "-")))
	}
	return "", fmt.Errorf("files of %d data sets: %s (put the four files of one into a folder of its own)",
		len(all), strings.Join(names, ", "))
}
