package manifest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"resnet/data/picture"
	"resnet/data/samples"
)

// role is what a column is for.
type role int

const (
	pathColumn role = iota
	labelColumn
	splitColumn
	weightColumn
	roles int = iota
)

// columnNames are the names of each role in headers and as keys, in small letters; where several are there, the first
// of these counts.
var columnNames = [roles][]string{
	{"path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "image_file",
		"image_name",
		"img", "img_path"},
	{"label", "class", "class_name", "category", "target", "label_name"},
	{"split", "set", "subset", "partition"},
	{"weight", "sample_weight"},
}

// layout has the column of each role, -1 without one.
type layout [roles]int

// named returns the layout of columns with names; ok tells whether one of them is a path's.
func named(names []string) (l layout, ok bool) {
	lower := make([]string, len(names))
	for i, name := range names {
		lower[i] = strings.ToLower(strings.TrimSpace(name))
	}
	for r, candidates := range columnNames {
		l[r] = -1
		for _, name := range candidates {
			if i := slices.Index(lower, name); i >= 0 {
				l[r] = i
				break
			}
		}
	}
	return l, l[pathColumn] >= 0
}

// check holds the columns that a user names to the two that there must be.
func (l layout) check(names []string) error {
	if l[pathColumn] < 0 || l[labelColumn] < 0 {
		return fmt.Errorf("columns %s, want path and label among them", strings.Join(names, ","))
	}
	return nil
}

// layoutOf returns the layout of a table by its first row, and whether that row is a header.
func layoutOf(first, columns []string, exists func(string) bool) (l layout, header bool, err error) {
	isFile := func(cell string) bool { return picture.Named(cell) || exists(cell) }
	if len(columns) > 0 {
		l, _ = named(columns)
		if err := l.check(columns); err != nil {
			return l, false, err
		}
		if need := max(l[pathColumn], l[labelColumn]) + 1; len(first) < need {
			return l, false, fmt.Errorf("line 1: %d columns, want %s", len(first), strings.Join(columns, ","))
		}
		return l, !isFile(first[l[pathColumn]]), nil
	}
	l, ok := named(first)
	if ok && !isFile(first[l[pathColumn]]) {
		if l[labelColumn] < 0 {
			return l, true,
				fmt.Errorf("header %q has no column label, class, category or target (say which by --columns)",
					strings.Join(first, ","))
		}
		return l, true, nil
	}
	if len(first) < 2 {
		return l, false, fmt.Errorf("line 1: one column, %q, want a path and a label", first[0])
	}
	if !isFile(first[0]) {
		return l, false,
			fmt.Errorf("line 1: %q is neither a header with path and label nor begins with a file that is "+
				"there (name the columns by --columns path,label)", strings.Join(first, ","))
	}
	return layout{0, 1, -1, -1}, false, nil
}

// row returns the row of cells, as many as the first row has.
func (l layout) row(cells []string) (x *row, err error) {
	cell := func(r role) string {
		if i := l[r]; i >= 0 && i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	x = &row{path: cell(pathColumn), label: cell(labelColumn), weight: 1}
	if s := cell(splitColumn); s != "" {
		ok := false
		if x.split, ok = samples.ParseSplit(s); !ok {
			return nil, fmt.Errorf("split %q, want train, val or test", s)
		}
	}
	if s := cell(weightColumn); s != "" {
		if x.weight, err = parseWeight(s); err != nil {
			return nil, err
		}
	}
	return x, nil
}

func parseWeight(s string) (float32, error) {
	w, err := strconv.ParseFloat(s, 32)
	if err != nil && !errors.Is(err, strconv.ErrRange) || !(w >= 0) || math.IsInf(w, 0) {
		return 0, fmt.Errorf("weight %q, want a number of at least 0", s)
	}
	return float32(w), nil
}
