package data

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resnet/data/terminal"
)

// Folders names the data set of pictures in a folder for each class.
const Folders = "folders"

// defaultSize is that to which pictures are scaled where [Options] has none.
var defaultSize = Size{3, 64, 64}

// classFolders is a data set of pictures in a folder for each class, DIR/cat/1.jpg, or of splits of such folders,
// DIR/train/cat/1.jpg.
type classFolders struct{ Dataset }

var anyFolders = classFolders{Dataset{Name: Folders, About: "pictures in a folder for each class, with or without " +
	"train, val and test around them"}}

func (classFolders) recognise(dir string) string {
	t, err := findTree(dir)
	if err != nil {
		return ""
	}
	for _, c := range t.classes[train] {
		if p := firstPicture(filepath.Join(t.roots[train], c)); p != "" {
			if rel, err := filepath.Rel(dir, p); err == nil {
				return rel
			}
		}
	}
	return ""
}

func (f classFolders) open(ctx context.Context, o Options) (*found, error) {
	switch {
	case o.Dir == "":
		return nil, fmt.Errorf("dataset %q needs a directory with a folder for each class (--data-dir)", f.Name)
	case o.Classes != 0:
		return nil, fmt.Errorf("dataset %q has a class for each folder (classes are for dataset %q)", f.Name, IDX)
	case o.Transpose:
		return nil, fmt.Errorf("dataset %q has its images upright (transpose is for dataset %q)", f.Name, IDX)
	}
	t, err := findTree(o.Dir)
	if err == nil {
		err = t.scan(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Dir, err)
	}
	return t.found(f.Name)
}

func (f classFolders) fetch(context.Context, Options) (string, error) {
	return "", fmt.Errorf("dataset %q is files of your own, there is nothing to fetch", f.Name)
}

// describe implements entry. It reads the pictures.
func (f classFolders) describe(ctx context.Context, o Options) (*Info, error) {
	found, err := f.open(ctx, o)
	if err != nil {
		return nil, err
	}
	src, err := found.load(ctx, &o)
	if err != nil {
		return nil, err
	}
	n := len(src.ClassNames)
	return &Info{
		Dataset: src.Name, Dir: src.Dir, Checksum: src.Checksum, Classes: src.ClassNames, Notes: src.Notes,
		Train: src.Train.info(n), Test: src.Test.info(n),
	}, nil
}

// found makes a data set of a tree that was scanned: classes are sorted bytewise, and a test split is made where there
// is none.
func (t *tree) found(name string) (*found, error) {
	src := &Source{Name: name, Dir: t.dir, Notes: t.notes()}
	label := map[string]int32{}
	for _, files := range t.files {
		for _, f := range files {
			label[f.class] = 0
		}
	}
	src.ClassNames = slices.Sorted(maps.Keys(label))
	for i, class := range src.ClassNames {
		label[class] = int32(i)
	}
	switch n := len(src.ClassNames); {
	case len(t.files[train]) == 0:
		return nil, fmt.Errorf("%s: no pictures to train on", t.dir)
	case n < 2:
		return nil, fmt.Errorf("%s: one class with pictures (%s), nothing to learn (want at least 2)", t.dir,
			terminal.Printable(src.ClassNames[0]))
	case n > MaxClasses:
		return nil, fmt.Errorf("%s: %d classes, want at most %d", t.dir, n, MaxClasses)
	}
	if len(t.files[test]) == 0 && len(t.files[val]) > 0 {
		t.files[test], t.files[val] = t.files[val], nil
		src.note("%s: no test folder: the pictures of %s are the test split", t.dir, filepath.Base(t.roots[val]))
	}
	if len(t.files[test]) == 0 {
		t.files[train], t.files[test] = holdOut(t.files[train])
		if len(t.files[test]) == 0 {
			return nil, fmt.Errorf("%s: %d pictures, of no class two: none can be held out as a test split (want a "+
				"test folder, or more pictures)", t.dir, len(t.files[train]))
		}
		src.note("%s: no test folder: %d of the %d pictures, a fifth of each class, are held out as the test split",
			t.dir, len(t.files[test]), len(t.files[train])+len(t.files[test]))
	}
	of := func(kind int) *folderSplit { return &folderSplit{src: src, files: t.files[kind], label: label} }
	f := &found{Source: src, train: of(train), test: of(test)}
	if len(t.files[val]) > 0 {
		f.val = of(val)
	}
	src.noteMissing(t.files[train])
	return f, nil
}

// noteMissing notes the classes of which there is no picture to train on.
func (s *Source) noteMissing(files []classPicture) {
	has := map[string]bool{}
	for _, f := range files {
		has[f.class] = true
	}
	var missing []string
	for _, class := range s.ClassNames {
		if !has[class] {
			missing = append(missing, class)
		}
	}
	if len(missing) > 0 {
		s.note("%s: no training picture of %s", s.Dir, some(missing))
	}
}

// notes says what was passed over.
func (t *tree) notes() []string {
	var notes []string
	for _, c := range []struct {
		names []string
		what  string
	}{
		{t.loose, "lie beside the class folders and have no class"},
		{t.others, "are no pictures"},
		{t.empty, "are folders without pictures"},
	} {
		if len(c.names) > 0 {
			notes = append(notes, fmt.Sprintf("%s: passed over, as they %s: %s", t.dir, c.what, some(c.names)))
		}
	}
	return notes
}

// leftovers are what systems leave in folders, in small letters.
var leftovers = []string{"__macosx", "thumbs.db", "desktop.ini", "ehthumbs.db", "@eadir"}

// Hidden says whether a file or a folder of that name is one of what systems and programs leave in folders of pictures.
func Hidden(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains(leftovers, strings.ToLower(name))
}

// visible lists a directory without what is hidden, sorted bytewise.
func visible(dir string) ([]os.DirEntry, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, osReason(err)
	}
	return slices.DeleteFunc(entries, func(e os.DirEntry) bool { return Hidden(e.Name()) }), nil
}
