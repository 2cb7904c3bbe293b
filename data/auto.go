package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resnet/data/folder"
	"resnet/data/terminal"
)

// Auto names the data set that Options.Dir holds, whichever that is; without a directory it is Fashion-MNIST. It is
// opened where [Options] names none.
const Auto = "auto"

var autoSet = recognised{Dataset{Name: Auto, About: "what --data-dir holds; without it " + FashionMNIST}}

// recognised is the data set that the files in a directory are.
type recognised struct{ Dataset }

func (recognised) recognise(string) string { return "" }

// entry returns the data set of o.Dir, and tells the log which it is.
func (recognised) entry(o Options) (entry, error) {
	if o.Dir == "" {
		return lookup(FashionMNIST)
	}
	info, err := os.Stat(o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such directory", o.Dir)
	}
	for _, e := range registry {
		if evidence := e.recognise(o.Dir); evidence != "" {
			o.logf("data: %s: %s, by %s", o.Dir, e.about().Name, terminal.Printable(evidence))
			return e, nil
		}
	}
	if err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s: a file, want a directory with a data set, or a table of pictures (*.csv, *.tsv, "+
			"*.jsonl, *.parquet)", o.Dir)
	}
	return nil, fmt.Errorf("%s: no data set that is known: want MNIST's four files (%s, ...), CIFAR's binary ones "+
		"(%s, ...) or a folder of pictures for each class; there are %s", o.Dir, stems[0], cifar10Files[0],
		listing(o.Dir))
}

// listing names the first entries of a directory, but for what systems leave.
func listing(dir string) string {
	const most = 3
	entries, err := os.ReadDir(dir)
	if err != nil {
		return osReason(err).Error()
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool {
		_, ignored := folder.Ignored(e.Name())
		return ignored
	})
	var names []string
	for _, e := range entries[:min(most, len(entries))] {
		names = append(names, terminal.Printable(e.Name()))
	}
	if n := len(entries) - most; n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	return cmp.Or(strings.Join(names, ", "), "no files") + pythonHint(dir)
}

// pythonHint names the version of CIFAR that is pickled objects of Python.
func pythonHint(dir string) string {
	for _, name := range []string{"cifar-10-batches-py", "cifar-100-python", "batches.meta"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return " (CIFAR's version for Python; the binary one comes with: resnet data fetch --dataset " +
				cifar10.Name + ")"
		}
	}
	return ""
}

func (r recognised) open(ctx context.Context, o Options) (*Source, error) {
	e, err := r.entry(o)
	if err != nil {
		return nil, err
	}
	return e.open(ctx, o)
}

func (r recognised) fetch(ctx context.Context, o Options) (string, error) {
	e, err := lookup(FashionMNIST)
	if err != nil {
		return "", err
	}
	return e.fetch(ctx, o)
}

func (r recognised) describe(ctx context.Context, o Options) (*Info, error) {
	e, err := r.entry(o)
	if err != nil {
		return nil, err
	}
	return e.describe(ctx, o)
}
