package folder

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"resnet/data/samples"
)

// finds are what a class folder holds, by paths below the set's Dir.
type finds struct {
	files  []string // regular files; those that are no pictures are taken out later
	others []samples.Other
}

// walker goes through one class folder.
type walker struct {
	finds
	ctx   context.Context
	fsys  fileSystem
	root  string
	real  string          // path of the class folder without links
	seen  map[string]bool // real paths of folders, and of files that links lead to or whose folder they do
	links []string        // symbolic links to come
}

// class goes through the folder of a class. Links come last, in the order in which they are met, so that what has a
// name of its own is found by that.
func (w *walker) class(dir string) error {
	real, err := filepath.EvalSymlinks(filepath.Join(w.root, dir))
	if err != nil {
		w.fail(dir, err)
		return nil
	}
	w.real = real
	if err := w.folder(dir, real); err != nil {
		return err
	}
	if len(w.links) == 0 {
		return nil
	}
	for _, path := range w.files {
		rest, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		w.seen[filepath.Join(real, rest)] = true
	}
	for len(w.links) > 0 {
		link := w.links[0]
		w.links = w.links[1:]
		if err := w.follow(link); err != nil {
			return err
		}
	}
	return nil
}

// folder goes through a folder whose path without links is real, unless that was done.
func (w *walker) folder(dir, real string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if w.seen[real] {
		w.others = append(w.others, samples.Other{Path: dir, Reason: samples.SameFile, Detail: "folder"})
		return nil
	}
	w.seen[real] = true
	entries, err := w.fsys.readDir(filepath.Join(w.root, dir))
	if err != nil {
		w.fail(dir, err)
		return nil
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		why, ignored := Ignored(e.Name())
		switch {
		case ignored:
			w.others = append(w.others, samples.Other{Path: path, Reason: why})
		case e.Type()&fs.ModeSymlink != 0:
			w.links = append(w.links, path)
		case e.IsDir():
			if err := w.folder(path, filepath.Join(real, e.Name())); err != nil {
				return err
			}
		default:
			w.file(path, e.Type())
		}
	}
	return nil
}

// follow goes where a link leads.
func (w *walker) follow(link string) error {
	path := filepath.Join(w.root, link)
	real, err := filepath.EvalSymlinks(path)
	var info os.FileInfo
	if err == nil {
		info, err = os.Stat(real)
	}
	switch {
	case err != nil:
		w.fail(link, err)
	case info.IsDir() && within(w.real, real):
		w.others = append(w.others, samples.Other{Path: link, Reason: samples.Loop})
	case info.IsDir():
		return w.linkedFolder(link, real)
	case w.seen[real]:
		w.others = append(w.others, samples.Other{Path: link, Reason: samples.SameFile})
	default:
		w.seen[real] = true
		w.file(link, info.Mode().Type())
	}
	return nil
}

// within tells whether a folder is another one or lies in it.
func within(path, dir string) bool {
	rest, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rest)
}

// linkedFolder goes through a folder that a link leads to. Its files may be found by other links as well.
func (w *walker) linkedFolder(link, real string) error {
	before := len(w.files)
	if err := w.folder(link, real); err != nil {
		return err
	}
	kept := w.files[:before]
	for _, path := range w.files[before:] {
		rest, err := filepath.Rel(link, path)
		if err != nil {
			return err
		}
		if own := filepath.Join(real, rest); w.seen[own] {
			w.others = append(w.others, samples.Other{Path: path, Reason: samples.SameFile})
		} else {
			w.seen[own] = true
			kept = append(kept, path)
		}
	}
	w.files = kept
	return nil
}

// file takes what is no folder and no link.
func (w *walker) file(path string, kind fs.FileMode) {
	if !kind.IsRegular() {
		w.others = append(w.others, samples.Other{Path: path, Reason: samples.Special})
		return
	}
	w.files = append(w.files, path)
}

func (w *walker) fail(path string, err error) {
	other := samples.Other{Path: path}
	other.Reason, other.Detail = failure(err)
	w.others = append(w.others, other)
}

// failure is why something cannot be read. A link to nothing has no error of its own: its target does not exist, or is
// found on the way to itself.
func failure(err error) (samples.Reason, string) {
	// filepath.EvalSymlinks has an error of its own for links in a circle.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) || strings.Contains(err.Error(),
		"too many links") {
		return samples.Dangling, ""
	}
	return samples.Unreadable, reason(err).Error()
}

// reason is what an error says beside the file's name and the system's call.
func reason(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}
