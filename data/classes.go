package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"resnet/data/terminal"
)

// MatchClasses renumbers the labels to those of a network whose classes are called so: a class is what its name says,
// whatever its number in the data set. Names that are only numbers, on either side, say nothing, and the labels stay.
// It is an error if a class with images is none of the network's; a class of the network may lack images.
func (s *Source) MatchClasses(names []string) error {
	if slices.Equal(s.ClassNames, names) || onlyNumbers(s.ClassNames) || onlyNumbers(names) {
		return nil
	}
	label := map[string]int32{}
	for i, name := range names {
		label[name] = int32(i)
	}
	to := make([]int32, len(s.ClassNames))
	var strange []string
	for i, name := range s.ClassNames {
		l, ok := label[name]
		if !ok && slices.ContainsFunc(s.sets(), func(set *Set) bool { return set.has(int32(i)) }) {
			strange = append(strange, terminal.Printable(strconv.Quote(name)))
		}
		to[i] = l
	}
	if n := len(strange); n > 0 {
		const most = 5
		if n > most {
			strange = append(strange[:most], fmt.Sprintf("%d more", n-most))
		}
		return fmt.Errorf("data: %s: the network has no class %s; its classes are %s", s.Dir,
			strings.Join(strange, ", "), some(names))
	}
	for _, set := range s.sets() {
		for i, l := range set.Labels {
			set.Labels[i] = to[l]
		}
	}
	s.ClassNames = slices.Clone(names)
	return nil
}

// sets are the splits that the source has.
func (s *Source) sets() []*Set {
	if s.Val == nil {
		return []*Set{s.Train, s.Test}
	}
	return []*Set{s.Train, s.Val, s.Test}
}

func (s *Set) has(label int32) bool { return slices.Contains(s.Labels, label) }

// onlyNumbers says whether names are those that classes without names get.
func onlyNumbers(names []string) bool {
	for i, name := range names {
		if name != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

// some lists the first of many names.
func some(names []string) string {
	const most = 10
	var shown []string
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, terminal.Printable(strconv.Quote(name)))
	}
	if n := len(names) - most; n > 0 {
		shown = append(shown, fmt.Sprintf("%d more", n))
	}
	return strings.Join(shown, ", ")
}
