package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"resnet/data/memory"
	"resnet/data/picture"
	"resnet/data/samples"
	"resnet/data/scan"
	"resnet/data/terminal"
)

// loader reads pictures into memory. Each is decoded once: damage is found on the way.
type loader struct {
	*Source  // is filled in
	pictures *pictures
	o        *Options

	size   Size
	pixels []byte // of all samples, in their order
}

func (l *loader) load(ctx context.Context) (*Source, error) {
	set := l.pictures.set
	size, need, err := l.pictures.size(l.o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.Dir, err)
	}
	l.o.logf("data: %s: reading %d pictures of %d classes as %v, %s", l.Dir, len(set.Samples), len(set.Classes), size,
		memory.Format(need))
	l.size, l.pixels = size, make([]byte, need)
	images := make([]scan.Image, len(set.Samples))
	err = l.pictures.each(ctx, func(i int, f *io.SectionReader, err error) {
		if err == nil {
			err = l.read(i, f, &images[i])
		}
		if err != nil {
			images[i].Fail(err)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := l.judge(images); err != nil {
		return nil, err
	}
	l.compact(images)
	kept, good := scan.Usable(set, images)
	l.Checksum = checksumOf(kept, good)
	l.divide(kept, good)
	return l.Source, l.complete()
}

// read scales a picture to its place among the pixels, and hashes its file.
func (l *loader) read(i int, f *io.SectionReader, image *scan.Image) error {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, f.Size())); err != nil {
		return err
	}
	h.Sum(image.Sum[:0])
	p, err := picture.ReadFrom(f, l.size.H, l.size.W, l.size.C, false)
	if err != nil {
		return err
	}
	copy(l.image(i), p.Pixels)
	return nil
}

// image is the place of sample i among the pixels.
func (l *loader) image(i int) []byte {
	each := l.size.C * l.size.H * l.size.W
	return l.pixels[i*each : (i+1)*each]
}

// inParallel calls f with 0 to n-1 on as many goroutines as there are processors, until ctx ends.
func inParallel(ctx context.Context, n int, f func(i int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// judge names the pictures that cannot be used: in an error and the log, or in notes where they are left out.
func (l *loader) judge(images []scan.Image) error {
	set := l.pictures.set
	l.Bad = scan.BadOf(set, images)
	usable := 0
	for i := range images {
		if images[i].Problem == "" {
			usable++
		}
	}
	switch {
	case len(l.Bad) == 0:
	case l.o.OnBad == scan.Fail:
		for _, b := range l.Bad[min(scan.BadNamed, len(l.Bad)):] {
			l.o.logf("data: %s: cannot be used: %s (%s)", l.Dir, b.Path, b.Problem)
		}
		return &scan.BadError{Dir: l.Dir, Images: usable + len(l.Bad), Bad: l.Bad}
	case usable == 0:
		return fmt.Errorf("%s: none of %d pictures can be read: picture: %s: %s", l.Dir, len(l.Bad),
			set.Path(l.Bad[0].Path), l.Bad[0].Problem)
	}
	const most = 5
	for _, b := range l.Bad[:min(most, len(l.Bad))] {
		l.note("passed over: picture: %s: %s", terminal.Printable(set.Path(b.Path)), terminal.Printable(b.Problem))
	}
	if n := len(l.Bad) - most; n > 0 {
		l.note("passed over: %d more pictures that cannot be read", n)
	}
	l.noteOthers(set)
	return nil
}

// compact moves the pixels of the pictures that can be used to those before.
func (l *loader) compact(images []scan.Image) {
	n := 0
	for i := range images {
		if images[i].Problem == "" {
			copy(l.image(n), l.image(i))
			n++
		}
	}
	l.pixels = l.pixels[:n*l.size.C*l.size.H*l.size.W]
}

// checksumOf identifies the pictures, their splits and their labels.
func checksumOf(kept *samples.Set, images []scan.Image) string {
	h := sha256.New()
	for i, x := range kept.Samples {
		fmt.Fprintf(h, "%v %q %q %x\n", x.Split, kept.Classes[x.Class], filepath.ToSlash(x.Path), images[i].Sum)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// divide makes a set of the images of each split. They lie one split after another.
func (l *loader) divide(kept *samples.Set, images []scan.Image) {
	var sets [samples.Splits]*Set
	for i, x := range kept.Samples {
		s := sets[x.Split]
		if s == nil {
			s = &Set{C: l.size.C, H: l.size.H, W: l.size.W, Pixels: l.image(i)[:0]}
			sets[x.Split] = s
		}
		s.N++
		s.Pixels = s.Pixels[:len(s.Pixels)+len(l.image(i))]
		s.Labels, s.sums = append(s.Labels, x.Class), append(s.sums, images[i].Sum)
	}
	l.Train, l.Val, l.Test = sets[samples.Train], sets[samples.Val], sets[samples.Test]
	if l.Test == nil && l.Val != nil {
		l.Test, l.Val = l.Val, nil
		l.note("%s: no test split: the pictures of %s are the test split", l.Dir, valName(kept))
	}
}

// valName is what the validation split is called.
func valName(set *samples.Set) string {
	for _, x := range set.Samples {
		name, _, _ := strings.Cut(filepath.ToSlash(x.Path), "/")
		if split, ok := samples.ParseSplit(name); ok && split == samples.Val && x.Split == samples.Val {
			return name
		}
	}
	return samples.Val.String()
}

// testShare is how much of the training images is held out where there is no test split.
const testShare = 0.2

// complete makes a test split where there is none.
func (l *loader) complete() error {
	if l.Train == nil {
		return fmt.Errorf("%s: no picture to train on can be read", l.Dir)
	}
	if l.Test == nil {
		n := l.Train.N
		held, err := samples.HoldOut(samples.Test, l.Train.Labels, l.Train.sums, testShare)
		if err != nil {
			return err
		}
		if l.Test = l.Train.take(held); l.Test.N == 0 {
			return fmt.Errorf("%s: %d pictures, of no class two: none can be held out as a test split (copies count "+
				"once; want a test split, or more pictures)", l.Dir, n)
		}
		l.note("%s: no test split: %d of the %d pictures, about a fifth of each class, are held out as the test split",
			l.Dir, l.Test.N, n)
	}
	l.noteMissing()
	return nil
}

// take moves the images that are chosen out of the set, and returns those.
func (s *Set) take(chosen []bool) *Set {
	taken := &Set{C: s.C, H: s.H, W: s.W}
	rest := &Set{C: s.C, H: s.H, W: s.W, Pixels: s.Pixels[:0], Labels: s.Labels[:0], sums: s.sums[:0]}
	for i, out := range chosen {
		to := rest
		if out {
			to = taken
		}
		to.N++
		to.Pixels = append(to.Pixels, s.Image(i)...)
		to.Labels, to.sums = append(to.Labels, s.Labels[i]), append(to.sums, s.sums[i])
	}
	*s = *rest
	return taken
}

// noteMissing notes the classes of which there is no picture to train on.
func (l *loader) noteMissing() {
	has := make([]bool, len(l.ClassNames))
	for _, label := range l.Train.Labels {
		has[label] = true
	}
	var missing []string
	for i, class := range l.ClassNames {
		if !has[i] {
			missing = append(missing, class)
		}
	}
	if len(missing) > 0 {
		l.note("%s: no training picture of %s", l.Dir, some(missing))
	}
}

// passedOver are the reasons to pass over files that are worth a note.
var passedOver = []struct {
	reason samples.Reason
	what   string
}{
	{samples.NoClass, "lie beside the class folders and have no class"},
	{samples.BesideSplit, "lie beside the folders of the splits"},
	{samples.NotPicture, "are no pictures"},
	{samples.Unsupported, "are pictures of kinds that are not read"},
	{samples.Special, "are no regular files"},
	{samples.Repeated, "are listed twice in a class"},
}

// noteOthers says what was passed over.
func (l *loader) noteOthers(set *samples.Set) {
	for _, c := range passedOver {
		var names []string
		for _, o := range set.Others {
			if o.Reason == c.reason {
				names = append(names, filepath.ToSlash(o.Path))
			}
		}
		if len(names) > 0 {
			l.note("%s: passed over, as they %s: %s", l.Dir, c.what, some(names))
		}
	}
	if len(set.Empty) > 0 {
		l.note("%s: passed over, as they are classes without pictures: %s", l.Dir, some(set.Empty))
	}
}
