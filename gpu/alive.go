//go:build !nocuda

package gpu

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// ledger records the objects that were created and not closed yet.
type ledger struct {
	mu    sync.Mutex
	alive map[any]entry
}

type entry struct{ kind, name string }

// descriptors records cuDNN's descriptors, which belong to no device.
var descriptors ledger

func (l *ledger) add(object any, kind, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.alive == nil {
		l.alive = make(map[any]entry)
	}
	l.alive[object] = entry{kind, name}
}

func (l *ledger) remove(object any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.alive, object)
}

// String lists the objects by kind: "2 buffers (arena, weights), 1 stream". It is empty if there are none.
func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	count := make(map[string]int)
	names := make(map[string][]string)
	for _, e := range l.alive {
		count[e.kind]++
		if e.name != "" {
			names[e.kind] = append(names[e.kind], e.name)
		}
	}
	var parts []string
	for kind, n := range count {
		part := fmt.Sprintf("%d %s", n, kind)
		if n > 1 {
			part += "s"
		}
		if len(names[kind]) > 0 {
			slices.Sort(names[kind])
			part += " (" + strings.Join(names[kind], ", ") + ")"
		}
		parts = append(parts, part)
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
