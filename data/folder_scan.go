package data

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resnet/data/picture"
)

// The splits of a tree of folders.
const (
	train = iota
	val
	test
)

// splitNames are the folders of the splits, in small letters.
var splitNames = [3][]string{{"train"}, {"val", "valid", "validation"}, {"test"}}

// classPicture is the file of a picture.
type classPicture struct {
	path  string
	rel   string // the path from the data set's directory on, with slashes
	class string
}

// tree is the folders of a data set.
type tree struct {
	dir     string
	roots   [3]string   // of the splits; empty where there is none
	classes [3][]string // folders of the roots

	files                [3][]classPicture
	loose, others, empty []string // what scan passed over, from dir on
}

// findTree finds the splits and the folders of classes. Folders of which one is called train, and no other than a
// split, are splits if train has folders; otherwise a class may be called train.
func findTree(dir string) (*tree, error) {
	t := &tree{dir: dir}
	folders, err := foldersIn(dir)
	if err != nil {
		return nil, err
	}
	rest := slices.Clone(folders)
	for kind, names := range splitNames {
		for _, f := range folders {
			if !slices.Contains(names, strings.ToLower(f)) {
				continue
			}
			if t.roots[kind] != "" {
				return nil, fmt.Errorf("folders %s and %s, want one of them", filepath.Base(t.roots[kind]), f)
			}
			t.roots[kind] = filepath.Join(dir, f)
			rest = slices.DeleteFunc(rest, func(r string) bool { return r == f })
		}
	}
	inTrain, _ := foldersIn(t.roots[train])
	if t.roots[train] == "" || len(rest) > 0 || len(inTrain) == 0 {
		t.roots, t.classes[train] = [3]string{dir}, folders
		return t, nil
	}
	for kind, root := range t.roots {
		if root == "" {
			continue
		}
		if t.classes[kind], err = foldersIn(root); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(root), err)
		}
	}
	return t, nil
}

// foldersIn lists the folders in a directory, and the links to folders.
func foldersIn(dir string) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := visible(dir)
	var folders []string
	for _, e := range entries {
		if isFolder(filepath.Join(dir, e.Name())) {
			folders = append(folders, e.Name())
		}
	}
	return folders, err
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// scan lists the pictures of every class, by content and not by name.
func (t *tree) scan(ctx context.Context) error {
	for kind, root := range t.roots {
		if root == "" {
			continue
		}
		entries, err := visible(root)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if path := filepath.Join(root, e.Name()); !isFolder(path) {
				t.loose = append(t.loose, t.rel(path))
			}
		}
		for _, class := range t.classes[kind] {
			n := len(t.files[kind])
			err := walk(filepath.Join(root, class), nil, func(path string) error {
				if picture.Meant(path) {
					t.files[kind] = append(t.files[kind], classPicture{path, t.rel(path), class})
				} else {
					t.others = append(t.others, t.rel(path))
				}
				return ctx.Err()
			})
			if err != nil {
				return err
			}
			if len(t.files[kind]) == n {
				t.empty = append(t.empty, t.rel(filepath.Join(root, class)))
			}
		}
	}
	return nil
}

func (t *tree) rel(path string) string {
	rel, err := filepath.Rel(t.dir, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// walk calls file with each file in dir and the folders below, in bytewise order. It follows links, but to no folder
// that it is in.
func walk(dir string, above []os.FileInfo, file func(path string) error) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(above, func(a os.FileInfo) bool { return os.SameFile(a, info) }) {
		return nil
	}
	entries, err := visible(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if isFolder(path) {
			err = walk(path, append(above[:len(above):len(above)], info), file)
		} else {
			err = file(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// firstPicture returns the path of a picture in a folder or below, "" if there is none.
func firstPicture(dir string) (found string) {
	stop := errors.New("found")
	err := walk(dir, nil, func(path string) error {
		if picture.Meant(path) {
			found = path
			return stop
		}
		return nil
	})
	if err != nil && !errors.Is(err, stop) {
		return ""
	}
	return found
}

// holdOut splits pictures into those to train on and a fifth of each class to test on, at least one where there are
// two. Which these are depends on their paths alone.
func holdOut(files []classPicture) (train, test []classPicture) {
	byClass := map[string][]classPicture{}
	for _, f := range files {
		byClass[f.class] = append(byClass[f.class], f)
	}
	held := map[string]bool{}
	for _, of := range byClass {
		slices.SortFunc(of, func(a, b classPicture) int {
			x, y := sha256.Sum256([]byte(a.rel)), sha256.Sum256([]byte(b.rel))
			return slices.Compare(x[:], y[:])
		})
		n := len(of) / 5
		if n == 0 && len(of) > 1 {
			n = 1
		}
		for _, f := range of[:n] {
			held[f.rel] = true
		}
	}
	for _, f := range files {
		if held[f.rel] {
			test = append(test, f)
		} else {
			train = append(train, f)
		}
	}
	return train, test
}
