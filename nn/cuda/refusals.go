package cuda

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"resnet/data/terminal"
	"resnet/nn"
)

// refusals are the candidates that cuDNN refuses.
type refusals struct {
	refused map[string]map[string]string // why, by key and candidate
	settled map[string]bool              // the keys that are chosen for
	proven  map[string]bool              // what has run once, see binding.prove
	told    map[string]bool              // the notes that were logged
	pending []*refusalNote
}

func newRefusals() refusals {
	return refusals{
		refused: map[string]map[string]string{}, settled: map[string]bool{}, proven: map[string]bool{},
		told: map[string]bool{},
	}
}

// dnnItself names cuDNN as a whole among the refused, where it did not list its algorithms or has only one.
const dnnItself = "cuDNN"

// refuseFor records that cuDNN refuses a candidate for key, when it is bound for n images. It returns the key under
// which that counts: the same, or, where the choice for key is settled already, one for this number of images alone,
// which starts with the refusals of key. What is refused for one must not change the choice of others.
func (t *tuner) refuseFor(key string, n int, name, why string) string {
	if _, known := t.refusedFor(key)[name]; known {
		return key
	}
	if t.settled[key] {
		own := splitKey(key, n)
		maps.Copy(t.refusedFor(own), t.refusedFor(key))
		key = own
	}
	t.refusedFor(key)[name] = nn.Refusal(why)
	return key
}

func splitKey(key string, n int) string { return fmt.Sprintf("%s at n=%d", key, n) }

// settle records the choice of a candidate. One that was the only one left is worth a record, and in mode "on" a place
// in the cache, where cuDNN refused others.
func (t *tuner) settle(key string, c nn.Choice, name string, compiled bool) {
	t.settled[key] = true
	if refused := t.refusedFor(key); c.Choice == "" && len(refused) > 0 {
		c = nn.Choice{Choice: name, Refused: maps.Clone(refused)}
		if t.config.Mode == nn.TuneOn && !compiled {
			t.keep(key, c)
		}
	}
	t.use(key, c)
}

// refusedFor holds why cuDNN refuses candidates for key: in this process, in the run that is resumed, or when they were
// measured. A given run decides alone, since it has to take the same choices again.
func (t *tuner) refusedFor(key string) map[string]string {
	if r, ok := t.refused[key]; ok {
		return r
	}
	c, ok := t.given[key]
	if !ok {
		c = t.file.Choices[key]
	}
	r := map[string]string{}
	maps.Copy(r, c.Refused)
	t.refused[key] = r
	return r
}

// refusalNote is what is logged of refusals of one kind by one call.
type refusalNote struct {
	kind, call, why      string // why is that of the first
	keys, names, instead []string
}

// note remembers to log the refusals of a choice. The kind is the first word of a key, and the call of a reason.
func (t *tuner) note(key string, c nn.Choice) {
	kind, _, _ := strings.Cut(key, " ")
	for _, name := range slices.Sorted(maps.Keys(c.Refused)) {
		n := t.noteOf(kind, c.Refused[name])
		n.keys, n.names, n.instead = add(n.keys, key), add(n.names, name), add(n.instead, c.Choice)
	}
}

func add(list []string, name string) []string {
	if slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

// noteOf is the pending note of a kind and call.
func (t *tuner) noteOf(kind, why string) *refusalNote {
	call, _, _ := strings.Cut(why, " ")
	for _, n := range t.pending {
		if n.kind == kind && n.call == call {
			return n
		}
	}
	n := &refusalNote{kind: kind, call: call, why: why}
	t.pending = append(t.pending, n)
	return n
}

// tellRefusals logs the pending notes, a line for each kind and call, once in a process.
func (t *tuner) tellRefusals() {
	for _, n := range t.pending {
		if id := n.kind + " " + n.call; !t.told[id] {
			t.told[id] = true
			t.log("note: %v", n)
		}
	}
	t.pending = nil
}

func (n *refusalNote) String() string {
	what := n.kind
	if shapes := len(n.keys); shapes > 1 {
		what += fmt.Sprintf(" of %d shapes", shapes)
	}
	if names := strings.Join(n.names, " or "); names != dnnItself {
		what += " by " + names
	}
	return terminal.Printable(fmt.Sprintf("cuDNN refuses %s (%s); resnet uses %s", what, n.why,
		strings.Join(n.instead, " or ")))
}
