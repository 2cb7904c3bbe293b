package scan

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"resnet/data/atomicfile"
	"resnet/data/picture"
	"resnet/data/samples"
	"resnet/data/terminal"
)

// OnBad says what training does about pictures that cannot be used.
type OnBad string

const (
	Fail OnBad = "error" // end before the first step, with all of them named
	Skip OnBad = "skip"  // go on without them
)

// BadNamed is how many pictures the text of a [BadError] names.
const BadNamed = 3

// BadError is the error of a data set with pictures that cannot be used. Its text names the first.
type BadError struct {
	Dir    string
	Images int // of the set
	Bad    []Bad
}

func (e *BadError) Error() string {
	var names []string
	for _, b := range e.Bad[:min(BadNamed, len(e.Bad))] {
		names = append(names, fmt.Sprintf("%s (%s)", b.Path, b.Problem))
	}
	if more := len(e.Bad) - BadNamed; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("%s: %d of %d pictures cannot be used (--on-bad-image %s leaves them out): %s", e.Dir,
		len(e.Bad), e.Images, Skip, strings.Join(names, ", "))
}

// BadOf lists what cannot be used, sorted by path: samples of which the images have a problem, and what cannot be read
// in the place of one. It is never nil.
func BadOf(set *samples.Set, images []Image) []Bad {
	all := []Bad{}
	for i, x := range set.Samples {
		switch m := &images[i]; {
		case m.Problem == "":
		case m.Fault == picture.None:
			all = append(all, Bad{x.Path, samples.Unreadable.String(), m.Problem})
		default:
			all = append(all, Bad{x.Path, m.Fault.String(), m.Problem})
		}
	}
	for _, o := range set.Others {
		if o.Reason.Bad() {
			all = append(all, Bad{o.Path, o.Reason.String(), cmp.Or(o.Detail, o.Reason.String())})
		}
	}
	slices.SortFunc(all, func(a, b Bad) int { return cmp.Compare(a.Path, b.Path) })
	return all
}

// Trainable returns the error that training would end with before its first step, nil if there is none: pictures that
// cannot be used, unless they are to be skipped, or less than two classes to learn.
func (r *Report) Trainable(onBad OnBad) error {
	if onBad == Fail && len(r.Bad) > 0 {
		return fmt.Errorf("scan: %w", &BadError{r.Dir, r.Images, r.Bad})
	}
	const oneClass = "one class with usable pictures to train on, want two or more"
	learnt := 0
	for _, c := range r.Classes {
		if c.In(samples.Train) > 0 {
			learnt++
		}
	}
	switch {
	case learnt == 0:
		return fmt.Errorf("scan: %s: no usable picture to train on", r.Dir)
	case learnt == 1 && len(r.Tables) > 0:
		return fmt.Errorf("scan: %s: %s (or name the table: %s)", r.Dir, oneClass, filepath.Join(r.Dir, r.Tables[0]))
	case learnt == 1:
		return fmt.Errorf("scan: %s: %s", r.Dir, oneClass)
	}
	return nil
}

// Usable returns the samples that can be used and their images. All classes stay, so that labels mean the same, also
// one that has lost its last sample.
func Usable(set *samples.Set, images []Image) (*samples.Set, []Image) {
	kept := *set
	kept.Samples = nil
	var good []Image
	for i := range images {
		if images[i].Problem == "" {
			kept.Samples = append(kept.Samples, set.Samples[i])
			good = append(good, images[i])
		}
	}
	kept.Classes = slices.Clone(set.Classes)
	return &kept, good
}

// WriteBad writes the pictures that are left out into a file, a line each: path, fault and problem between tabs, what
// is not to be seen in them as Go writes it.
func WriteBad(fsys atomicfile.FS, path string, bad []Bad) error {
	return atomicfile.WriteDurableOn(fsys, path, func(w io.Writer) error {
		for _, b := range bad {
			_, err := fmt.Fprintf(w, "%s\t%s\t%s\n", terminal.Printable(b.Path), b.Fault, terminal.Printable(b.Problem))
			if err != nil {
				return err
			}
		}
		return nil
	})
}
