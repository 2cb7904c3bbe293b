package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// pairs reads the names and values of a JSON object in their order. Strings are unquoted; any other value is kept as
// JSON.
func pairs(object []byte) ([]Pair, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	if s, ok := t.(string); ok {
		return nil, fmt.Errorf("%.40q, want a JSON object", s)
	}
	if t != json.Delim('{') {
		return nil, fmt.Errorf("%v, want a JSON object", t)
	}
	var all []Pair
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		p := Pair{Name: name.(string), Value: string(value)}
		var s string
		if json.Unmarshal(value, &s) == nil {
			p.Value = s
		}
		all = append(all, p)
	}
	_, err = d.Token()
	return all, err
}

// A table compares the values of all runs, one line per name.
type table struct {
	Runs    []*runView
	Lines   []line
	Differs bool // at least one line does
}

type line struct {
	Name    string
	Values  []string
	Differs bool // not all values are the same
}

// compare makes a table of the pairs of all runs. Names are in the order in which they first occur.
func compare(runs [][]Pair) table {
	var t table
	index := map[string]int{} // of lines by name
	for i, pairs := range runs {
		for _, p := range pairs {
			at, known := index[p.Name]
			if !known {
				at = len(t.Lines)
				index[p.Name] = at
				t.Lines = append(t.Lines, line{Name: p.Name, Values: make([]string, len(runs))})
			}
			t.Lines[at].Values[i] = p.Value
		}
	}
	for i := range t.Lines {
		l := &t.Lines[i]
		l.Differs = slices.ContainsFunc(l.Values, func(v string) bool { return v != l.Values[0] })
		t.Differs = t.Differs || l.Differs
	}
	return t
}
