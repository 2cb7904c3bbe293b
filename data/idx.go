package data

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// IDX names the data set of any four files in MNIST's format.
const IDX = "idx"

// dirVariable names the environment variable that says where the four files are.
const dirVariable = "RESNET_DATA"

// ownFiles is a data set of four files of which nothing is known beforehand.
type ownFiles struct{ Dataset }

var anyIDX = ownFiles{Dataset{Name: IDX, About: "any four files in MNIST's format"}}

// idxDir returns the directory of the four files and checks the options that have a meaning for them.
func idxDir(o Options) (string, error) {
	dir := o.Dir
	if dir == "" {
		dir = os.Getenv(dirVariable)
	}
	if dir == "" {
		return "", fmt.Errorf("dataset %q needs a directory with its four files (--data-dir or $%s)", IDX, dirVariable)
	}
	if o.Classes < 0 || o.Classes == 1 || o.Classes > MaxClasses {
		return "", fmt.Errorf("dataset %q: %d classes, want 2 to %d, or 0 for the largest label + 1", IDX, o.Classes,
			MaxClasses)
	}
	return dir, nil
}

// recognise implements entry.
func (ownFiles) recognise(dir string) string {
	for kind := range stems {
		paths, _ := candidates(dir, "", kind)
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return filepath.Base(path)
			}
		}
	}
	if prefix, err := choosePrefix(dir); prefix != "" || err != nil && !isMissing(err) {
		return prefix + "..."
	}
	return ""
}

func (ownFiles) open(ctx context.Context, o Options) (*Source, error) {
	dir, err := idxDir(o)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return openFiles(IDX, dir, mnistLayout{}, o)
}

// openFiles opens files of which nothing is known beforehand.
func openFiles(name, dir string, l layout, o Options) (*Source, error) {
	files := l.read(dir, nil)
	err := firstError(dir, l.form(), files)
	var src *Source
	if err == nil {
		src, err = l.assemble(name, dir, files, o)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return src, nil
}

// describeFiles describes them.
func describeFiles(name, dir string, l layout, o Options) (*Info, error) {
	files := l.read(dir, nil)
	if !anyPresent(files) {
		return nil, fmt.Errorf("%s: %w", dir, firstError(dir, l.form(), files))
	}
	return newInfo(name, dir, l, files, o, nil), nil
}

func (ownFiles) fetch(context.Context, Options) (string, error) {
	return "", fmt.Errorf("dataset %q is files of your own, there is nothing to fetch", IDX)
}

func (ownFiles) describe(_ context.Context, o Options) (*Info, error) {
	dir, err := idxDir(o)
	if err != nil {
		return nil, err
	}
	return describeFiles(IDX, dir, mnistLayout{}, o)
}
