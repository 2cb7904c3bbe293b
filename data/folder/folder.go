// Package folder finds the pictures of a data set that lies in class folders: DIR/<class>/..., or the same in
// DIR/train, DIR/val and DIR/test. It goes by content: any suffix will do, and files that are no pictures are told
// apart.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"resnet/data/samples"
)

// Walk finds the samples below dir.
//
// The folders of dir are classes, with pictures in them at any depth. If one of them is called train (or training) and
// has folders in it, or all of them are called train, val (valid, validation) or test (testing), they are splits, and
// their folders are classes. Without splits everything is for training.
//
// A picture is what begins as one of the formats that are read, or has the suffix of one. Hidden files and what systems
// leave are passed over. Symbolic links are followed: a folder or file that is reached twice in one class counts once,
// by its own name rather than a link's. What is passed over, or cannot be read, is in the set's Others.
//
// It uses up to workers goroutines (0: one a CPU) and about 200 bytes a file beside the names. The result does not
// depend on the file system's order. An error means that there is no data set.
func Walk(ctx context.Context, dir string, workers int) (*samples.Set, error) {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	s, err := walk(ctx, dir, workers, system)
	if err != nil {
		return nil, fmt.Errorf("folder: %s: %w", dir, err)
	}
	return s, nil
}

// fileSystem is what Walk asks of the system.
type fileSystem struct {
	readDir func(path string) ([]os.DirEntry, error)
	open    func(path string) (*os.File, error)
}

var system = fileSystem{os.ReadDir, os.Open}

// classDir is the folder of a class.
type classDir struct {
	split samples.Split
	name  string // of the class
	path  string // below the set's Dir
}

func walk(ctx context.Context, dir string, workers int, fsys fileSystem) (*samples.Set, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, reason(err)
	} else if !info.IsDir() {
		return nil, errors.New("is a file, want a folder of class folders")
	}
	set := &samples.Set{Dir: dir}
	dirs, err := classDirs(set, fsys)
	if err != nil {
		return nil, err
	}
	found := make([]finds, len(dirs))
	group, walking := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i, d := range dirs {
		group.Go(func() error {
			w := walker{ctx: walking, fsys: fsys, root: dir, seen: map[string]bool{}}
			if err := w.class(d.path); err != nil {
				return err
			}
			found[i] = w.finds
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := sniffAll(ctx, set, found, workers, fsys); err != nil {
		return nil, err
	}
	return set, assemble(set, dirs, found)
}

// classDirs returns the folders of classes. What lies beside them becomes one of the set's Others.
func classDirs(set *samples.Set, fsys fileSystem) ([]classDir, error) {
	top, err := foldersIn(set, "", fsys)
	if err != nil {
		return nil, err
	}
	if !hasSplits(set, top, fsys) {
		return classesOf(samples.Train, "", top), nil
	}
	var dirs []classDir
	var splits [samples.Splits]string
	for _, name := range top {
		split, ok := samples.ParseSplit(name)
		switch {
		case !ok:
			set.Others = append(set.Others, samples.Other{Path: name, Reason: samples.BesideSplit})
			continue
		case splits[split] != "":
			return nil, fmt.Errorf("has the folders %s and %s, want one of them", splits[split], name)
		}
		splits[split] = name
		names, err := foldersIn(set, name, fsys)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		dirs = append(dirs, classesOf(split, name, names)...)
	}
	return dirs, nil
}

// hasSplits tells whether folders of these names are splits. A class may be called train: it has no folders where other
// classes lie beside it.
func hasSplits(set *samples.Set, names []string, fsys fileSystem) bool {
	all := len(names) > 0
	for _, name := range names {
		split, ok := samples.ParseSplit(name)
		if ok && split == samples.Train {
			within, err := foldersIn(&samples.Set{Dir: set.Dir}, name, fsys)
			if err != nil || len(within) > 0 {
				return true // and its reader finds out what the error is
			}
		}
		all = all && ok
	}
	return all
}

func classesOf(split samples.Split, dir string, names []string) []classDir {
	dirs := make([]classDir, len(names))
	for i, name := range names {
		dirs[i] = classDir{split, name, filepath.Join(dir, name)}
	}
	return dirs
}

// foldersIn returns the names of the folders in a folder of the set, sorted, links to folders among them.
func foldersIn(set *samples.Set, dir string, fsys fileSystem) ([]string, error) {
	entries, err := fsys.readDir(set.Path(dir))
	if err != nil {
		return nil, reason(err)
	}
	var names []string
	for _, e := range entries {
		other := samples.Other{Path: filepath.Join(dir, e.Name()), Reason: samples.NoClass}
		folder := e.IsDir()
		why, ignored := Ignored(e.Name())
		if ignored {
			other.Reason = why
		} else if e.Type()&fs.ModeSymlink != 0 {
			if info, err := os.Stat(set.Path(other.Path)); err == nil {
				folder = info.IsDir()
			} else {
				other.Reason, other.Detail = failure(err)
			}
		}
		if folder && !ignored {
			names = append(names, e.Name())
			continue
		}
		set.Others = append(set.Others, other)
	}
	slices.Sort(names)
	return names, nil
}

// assemble puts what was found in the folders together.
func assemble(set *samples.Set, dirs []classDir, found []finds) error {
	pictures := map[string]int{}
	for i, d := range dirs {
		pictures[d.name] += len(found[i].files)
	}
	for name, n := range pictures {
		if n > 0 {
			set.Classes = append(set.Classes, name)
		} else {
			set.Empty = append(set.Empty, name)
		}
	}
	if len(set.Classes) == 0 {
		return noClasses(set, dirs)
	}
	slices.Sort(set.Classes)
	for i, d := range dirs {
		class, _ := slices.BinarySearch(set.Classes, d.name)
		for _, path := range found[i].files {
			set.Samples = append(set.Samples, samples.Sample{Path: path, Weight: 1, Class: int32(class),
				Split: d.split})
		}
		set.Others = append(set.Others, found[i].others...)
		found[i] = finds{}
	}
	set.Sort()
	return nil
}

// noClasses says what a folder without a class holds instead.
func noClasses(set *samples.Set, dirs []classDir) error {
	loose := 0
	for _, o := range set.Others {
		if o.Reason == samples.NoClass {
			loose++
		}
	}
	tables := set.Tables()
	switch {
	case len(tables) > 0:
		return fmt.Errorf("no class folders with pictures, want <class>/picture.png (or name the table: %s)",
			set.Path(tables[0]))
	case len(dirs) > 0:
		return fmt.Errorf("no picture in its %d class folders, want <class>/picture.png", len(dirs))
	}
	return fmt.Errorf("no class folders, and %d files beside them, want <class>/picture.png", loose)
}

// First returns the path below dir of a picture that [Walk] finds there, in the first class folder that has one. It is
// empty where there is none. It looks no further than it has to.
func First(dir string) string {
	set := &samples.Set{Dir: dir}
	dirs, err := classDirs(set, system)
	if err != nil {
		return ""
	}
	for _, d := range dirs {
		w := walker{ctx: context.Background(), fsys: system, root: dir, seen: map[string]bool{}}
		if w.class(d.path) != nil {
			continue
		}
		for _, path := range w.files {
			if sniff(set, path, system) == nil {
				return path
			}
		}
	}
	return ""
}
