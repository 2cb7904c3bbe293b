// Package parquet reads data sets of pictures in Parquet files as Hugging Face publishes them: a column image with the
// bytes and the path of each file, and a column of labels whose names are in the files' metadata.
package parquet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"resnet/data/samples"
)

// Set is a data set in Parquet files. Of the files only the ends have been read.
type Set struct {
	Classes []string // by label
	shards  []*shard // sorted by split and name
}

// Open opens a file, or the files *.parquet of a folder, or of the folder data in it. Names of shards, such as
// train-00000-of-00005.parquet, tell the split, and that one is missing; other files are for training. All must have
// the same classes.
func Open(path string) (*Set, error) {
	s, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	return s, nil
}

func open(path string) (*Set, error) {
	names, err := filesAt(path)
	if err != nil {
		return nil, err
	}
	if err := checkShards(names); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &Set{}
	for _, name := range names {
		x, err := openShard(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(s.shards) > 0 && !slices.Equal(x.classes, s.Classes) {
			return nil, fmt.Errorf("%s: %d classes that are not the %d of %s", name, len(x.classes), len(s.Classes),
				s.shards[0].path)
		}
		s.Classes = x.classes
		s.shards = append(s.shards, x)
	}
	slices.SortStableFunc(s.shards, func(a, b *shard) int { return int(a.split) - int(b.split) })
	return s, nil
}

// filesAt returns the Parquet files that a path stands for, sorted.
func filesAt(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		if e := (*fs.PathError)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if info.Mode().IsRegular() {
		return []string{path}, nil
	}
	for _, dir := range []string{path, filepath.Join(path, "data")} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		var names []string
		for _, e := range entries {
			if filepath.Ext(e.Name()) == ".parquet" {
				names = append(names, filepath.Join(dir, e.Name()))
			}
		}
		if len(names) > 0 {
			return names, nil
		}
	}
	return nil, fmt.Errorf("%s: no files *.parquet, there or in the folder data", path)
}

// First returns the name of a Parquet file that [Open] would open, below the path if that is a folder. It is empty
// where there is none.
func First(path string) string {
	names, err := filesAt(path)
	if err != nil || filepath.Ext(names[0]) != ".parquet" {
		return ""
	}
	if name, err := filepath.Rel(path, names[0]); err == nil && name != "." {
		return name
	}
	return filepath.Base(names[0])
}

// shardName is the name of one of a split's files: its split, its number, and how many there are.
var shardName = regexp.MustCompile(`^([a-z]+)-(\d{5})-of-(\d{5})(-[0-9a-f]+)?\.parquet$`)

// checkShards tells of a shard that is missing.
func checkShards(names []string) error {
	if len(names) == 1 {
		return nil // somebody gave it by name, or wants it alone
	}
	have := map[string]map[int]bool{}
	count := map[string]int{}
	for _, name := range names {
		m := shardName.FindStringSubmatch(filepath.Base(name))
		if m == nil {
			continue
		}
		number, _ := strconv.Atoi(m[2]) // five digits
		of, _ := strconv.Atoi(m[3])
		if have[m[1]] == nil {
			have[m[1]] = map[int]bool{}
		}
		have[m[1]][number], count[m[1]] = true, of
	}
	for split, n := range count {
		for i := range n {
			if !have[split][i] {
				return fmt.Errorf("no %s-%05d-of-%05d.parquet, want all %d", split, i, n, n)
			}
		}
	}
	return nil
}

func splitOf(path string) (samples.Split, error) {
	m := shardName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return samples.Train, nil
	}
	split, ok := samples.ParseSplit(m[1])
	if !ok {
		return 0, fmt.Errorf("split %q, want train, validation or test", m[1])
	}
	return split, nil
}

// Len returns the number of rows of a split.
func (s *Set) Len(split samples.Split) (n int64) {
	for _, x := range s.shards {
		if x.split == split {
			n += x.rows
		}
	}
	return n
}

// Row is a picture of a file.
type Row struct {
	Shard string // path of the file
	Index int64  // in that file
	Image []byte // a picture file's content; valid until the next row
	Path  string // of that file once, for messages; may be empty
	Class int    // index of Set.Classes
}

// Rows calls visit for each row of a split, in the order of the files. It holds a page of the column of pictures at a
// time, which is what the file's writer made of a few hundred rows. It ends with the first error of visit.
func (s *Set) Rows(split samples.Split, visit func(*Row) error) error {
	for _, x := range s.shards {
		if x.split == split {
			if err := x.visit(len(s.Classes), visit); err != nil {
				return err
			}
		}
	}
	return nil
}
