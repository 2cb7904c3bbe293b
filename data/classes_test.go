package data

import (
	"slices"
	"strings"
	"testing"
)

func TestMatchClasses(t *testing.T) {
	named := func(names ...string) *Source {
		set := func() *Set { return &Set{N: 3, Labels: []int32{0, 1, 0}} }
		return &Source{Dir: "dir", ClassNames: names, Train: set(), Test: set()}
	}
	for _, c := range []struct {
		name         string
		data, wanted []string
		labels       []int32
		err          string
	}{
		{"the same", []string{"cat", "dog"}, []string{"cat", "dog"}, []int32{0, 1, 0}, ""},
		{"another order, and one more", []string{"dog", "cat"}, []string{"ant", "cat", "dog"}, []int32{2, 1, 2}, ""},
		{"data without names", []string{"0", "1"}, []string{"cat", "dog"}, []int32{0, 1, 0}, ""},
		{"a network without names", []string{"dog", "cat"}, []string{"0", "1"}, []int32{0, 1, 0}, ""},
		{"unknown, without images", []string{"dog", "cat", "eel"}, []string{"cat", "dog"}, []int32{1, 0, 1}, ""},
		{"unknown", []string{"dog", "eel"}, []string{"cat", "dog"}, nil,
			`data: dir: the network has no class "eel"; its classes are "cat", "dog"`},
	} {
		s := named(c.data...)
		err := s.MatchClasses(c.wanted)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, c.err)
			}
			continue
		}
		if err != nil || !slices.Equal(s.Train.Labels, c.labels) || !slices.Equal(s.Test.Labels, c.labels) {
			t.Errorf("%s: labels %v and %v, %v, want %v", c.name, s.Train.Labels, s.Test.Labels, err, c.labels)
		}
	}
}
