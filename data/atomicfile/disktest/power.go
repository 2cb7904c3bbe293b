package disktest

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Loss says what is lost of that which was not synced when the power was cut.
type Loss int

const (
	All     Loss = iota // names and contents
	Content             // contents: files have their new names and are empty
	Some                // each name and each content by chance
)

// Losses lists them.
func Losses() []Loss { return []Loss{All, Content, Some} }

// PowerCut writes what is left in the directory from to another one that is empty.
func (d *Disk) PowerCut(from, to string, loss Loss, chance *rand.Rand) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := maps.Clone(d.durable)
	all := maps.Clone(d.durable)
	maps.Copy(all, d.current)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if loss == Content || loss == Some && chance.IntN(2) == 0 {
			if left[path] = d.current[path]; left[path] == nil {
				delete(left, path)
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(left)) { // a directory comes before what is in it
		rest, below := strings.CutPrefix(path, from)
		if parent := filepath.Dir(path); !below || parent != from && left[parent] == nil {
			continue
		}
		n := left[path]
		if n.dir {
			if err := os.MkdirAll(to+rest, 0o777); err != nil {
				return err
			}
			continue
		}
		content := n.synced
		if loss == Some && bytes.HasPrefix(n.content, n.synced) {
			content = n.content[:len(n.synced)+chance.IntN(len(n.content)-len(n.synced)+1)]
		}
		if err := os.WriteFile(to+rest, content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// entries lists the paths in a directory.
func entries(all map[string]*node, dir string) (paths []string) {
	for path := range all {
		if filepath.Dir(path) == filepath.Clean(dir) {
			paths = append(paths, path)
		}
	}
	return paths
}
