package data

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"resnet/data/folder"
	"resnet/data/manifest"
	"resnet/data/picture"
	"resnet/data/samples"
)

// Manifest names the data set of pictures that a table lists.
const Manifest = "manifest"

// anyTable is a data set of pictures that a table lists with their labels.
var anyTable = &pictureSet{
	Dataset: Dataset{Name: Manifest, Scaled: true, About: "pictures that a table lists with their labels: a CSV file " +
		"or JSON lines"},
	classes: "the classes that its table names", needs: "a table of pictures and labels",
	evidence: func(path string) string {
		table, loose := tableAt(path)
		if table == "" || !samples.IsTable(table) || isDir(path) && !loose {
			return ""
		}
		return filepath.Base(table)
	},
	find: findListed,
}

// tableAt returns the table that a path stands for: the file itself, or the only table in a folder; empty if there is
// none or several. Loose tells whether pictures lie beside it in the folder.
func tableAt(path string) (table string, loose bool) {
	if !isDir(path) {
		return path, false
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", false
	}
	tables := 0
	for _, e := range entries {
		name := e.Name()
		if _, ignored := folder.Ignored(name); ignored || e.IsDir() {
			continue
		}
		if samples.IsTable(name) {
			table = filepath.Join(path, name)
			tables++
		}
		loose = loose || picture.Named(name)
	}
	if tables != 1 {
		return "", loose
	}
	return table, loose
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// findListed reads the table. Its weights would need a loss that has them.
func findListed(ctx context.Context, o *Options) (*pictures, error) {
	table, _ := tableAt(o.Dir)
	if table == "" {
		return nil, fmt.Errorf("%s: a folder without one table (*.csv, *.tsv or *.jsonl), want its name", o.Dir)
	}
	o.Dir = table
	set, err := manifest.Read(ctx, table, o.Columns)
	if err != nil {
		return nil, err
	}
	for _, x := range set.Samples {
		if x.Weight != 1 {
			return nil, fmt.Errorf("%s: weight %v of %s, want 1: training counts every picture alike (--columns "+
				"path,label,- leaves a column out)", table, x.Weight, x.Path)
		}
	}
	return inFiles(set), nil
}
