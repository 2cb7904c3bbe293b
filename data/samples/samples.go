// Package samples is what a data set of picture files consists of before any of them is decoded: each file with its
// class and its split, and what was found beside them. [resnet/data/folder] and [resnet/data/manifest] make such sets.
package samples

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Split is the part of a data set that a sample belongs to.
type Split uint8

const (
	Train Split = iota
	Val
	Test
	Splits int = iota // the number of them
)

var splitNames = [Splits][]string{
	{"train", "training"}, {"val", "valid", "validation"}, {"test", "testing"},
}

func (s Split) String() string { return splitNames[s][0] }

// ParseSplit returns the split of a name as folders and tables have it: train, val or test, also training, valid,
// validation and testing, in capital or small letters.
func ParseSplit(name string) (Split, bool) {
	for i, names := range splitNames {
		if slices.Contains(names, strings.ToLower(name)) {
			return Split(i), true
		}
	}
	return 0, false
}

// Sample is a file with its label.
type Sample struct {
	Path   string  // below Set.Dir, or absolute
	Weight float32 // of its loss; 1 unless a manifest says otherwise
	Class  int32   // index of Set.Classes
	Split  Split
}

// Set is a data set of files.
type Set struct {
	Dir     string   // that relative paths of samples and others begin at
	Classes []string // sorted by their bytes; each has a sample
	Samples []Sample // sorted by split, class and path
	Empty   []string // classes without a sample, sorted
	Others  []Other  // what is no sample, sorted by path
}

// Path returns the path of a file of the set.
func (s *Set) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Dir, name)
}

// Sort brings samples and others into their order, which does not depend on that in which they were found.
func (s *Set) Sort() {
	slices.SortFunc(s.Samples, func(a, b Sample) int {
		return cmp.Or(cmp.Compare(a.Split, b.Split), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Weight, b.Weight))
	})
	slices.SortFunc(s.Others, func(a, b Other) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Reason, b.Reason))
	})
	slices.Sort(s.Empty)
}

// Tables lists the files beside class folders that may list the pictures and their labels, by their suffix.
func (s *Set) Tables() []string {
	var all []string
	for _, o := range s.Others {
		if o.Reason == NoClass && IsTable(o.Path) {
			all = append(all, o.Path)
		}
	}
	return all
}

// IsTable tells whether a file of this name may list pictures and their labels, by its suffix.
func IsTable(name string) bool {
	return slices.Contains([]string{".csv", ".tsv", ".jsonl"}, strings.ToLower(filepath.Ext(name)))
}

// HasSplit tells whether any sample belongs to the split.
func (s *Set) HasSplit(split Split) bool {
	return slices.ContainsFunc(s.Samples, func(x Sample) bool { return x.Split == split })
}

// Other is a file or folder that is no sample.
type Other struct {
	Path   string // as Sample.Path
	Reason Reason
	Detail string // what it is, or the error; may be empty
}

func (o Other) String() string {
	if o.Detail == "" {
		return fmt.Sprintf("%s: %s", o.Path, o.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", o.Path, o.Reason, o.Detail)
}

// Reason is why a file or folder is no sample.
type Reason uint8

const (
	Hidden      Reason = iota // its name begins with a dot
	Litter                    // what systems and programs leave behind
	NotPicture                // neither its content nor its name is that of a picture
	Unsupported               // a picture of a kind that is not read
	NoClass                   // lies in no folder of a class
	BesideSplit               // a folder beside train, val and test
	SameFile                  // links lead to a file that is a sample of the class already
	Loop                      // a link to a folder that it lies in
	Special                   // a pipe, socket or device
	Unreadable                // the system refuses to read it
	Dangling                  // a link to nothing
	Missing                   // named by a manifest and not there
	Repeated                  // named by a manifest twice in one class
	reasons
)

var reasonNames = [reasons]string{
	"hidden", "left by a system or program", "not a picture", "kind of picture that is not read",
	"not in a class folder", "folder beside train, val and test", "link to what its class has",
	"link to a folder around it", "not a regular file", "cannot be read",
	"link to nothing", "missing", "named twice",
}

func (r Reason) String() string { return reasonNames[r] }

// Bad tells the reasons that are faults: somebody meant to have a picture there.
func (r Reason) Bad() bool { return r == Unreadable || r == Dangling || r == Missing }
