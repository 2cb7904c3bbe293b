package hdf5

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
)

// A Group is a group to be written, with its attributes and members.
type Group struct {
	Strings  map[string]string   // attributes that are one string
	Lists    map[string][]string // attributes that are lists of strings
	Groups   map[string]*Group
	Datasets map[string]Dataset
}

// A Dataset is a tensor of float32, row-major.
type Dataset struct {
	Shape []int // empty for a scalar
	Data  []float32
}

// Group returns the subgroup at a path such as "layers/conv2d", and creates the groups that do not exist yet.
func (g *Group) Group(path string) *Group {
	for name := range strings.SplitSeq(path, "/") {
		if g.Groups == nil {
			g.Groups = map[string]*Group{}
		}
		if g.Groups[name] == nil {
			g.Groups[name] = &Group{}
		}
		g = g.Groups[name]
	}
	return g
}

// Put puts a dataset at a path, and creates the groups of the path that do not exist yet.
func (g *Group) Put(path string, d Dataset) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		g, path = g.Group(path[:i]), path[i+1:]
	}
	if g.Datasets == nil {
		g.Datasets = map[string]Dataset{}
	}
	g.Datasets[path] = d
}

// Write writes a file with the given root group. Equal groups give equal bytes: children and attributes are sorted by
// name, and no times are written. The elements of the datasets come last.
func Write(w io.Writer, root *Group) error {
	e, err := encode(root)
	if err != nil {
		return fmt.Errorf("hdf5: %w", err)
	}
	if _, err := w.Write(e.b); err != nil {
		return err
	}
	for _, d := range e.data {
		if err := writeFloats(w, d); err != nil {
			return err
		}
	}
	return nil
}

// writeFloats writes elements, padded to 8 bytes, through a buffer of 64 KiB.
func writeFloats(w io.Writer, x []float32) error {
	p := make([]byte, 0, 1<<16)
	for len(x) > 0 {
		n := min(len(x), cap(p)/4)
		p = p[:0]
		for _, v := range x[:n] {
			p = binary.LittleEndian.AppendUint32(p, math.Float32bits(v))
		}
		x = x[n:]
		p = append(p, make([]byte, padded(len(p))-len(p))...)
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// children returns the sorted names of the members of a group.
func (g *Group) children() ([]string, error) {
	names := slices.Collect(maps.Keys(g.Groups))
	for name := range g.Datasets {
		if g.Groups[name] != nil {
			return nil, fmt.Errorf("%s: a group and a dataset of this name", name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name == "" || name == "." || strings.ContainsAny(name, "/\x00") || len(name) > maxName {
			return nil, fmt.Errorf("name %q cannot be used, want 1 to %d bytes without / and NUL, and not a dot",
				name, maxName)
		}
	}
	return names, nil
}

// attributes returns the sorted names of the attributes of a group.
func (g *Group) attributes() ([]string, error) {
	names := slices.Collect(maps.Keys(g.Strings))
	for name := range g.Lists {
		if _, ok := g.Strings[name]; ok {
			return nil, fmt.Errorf("attribute %s: a string and a list of this name", name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name == "" || strings.ContainsRune(name, 0) || len(name) > maxName {
			return nil, fmt.Errorf("attribute name %q cannot be used, want 1 to %d bytes without NUL", name, maxName)
		}
	}
	return names, nil
}

// largest returns the number of names in the largest group.
func (g *Group) largest() int {
	n := len(g.Groups) + len(g.Datasets)
	for _, sub := range g.Groups {
		n = max(n, sub.largest())
	}
	return n
}
