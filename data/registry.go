package data

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// registry lists the data sets in the order of help texts and, after the first, of recognition: a published one before
// any files of its format. A published one in a known format is a value like fashionMNIST; one in another format is a
// type of its own that implements entry.
var registry = []entry{
	autoSet, fashionMNIST, mnist, kmnist,
	emnistBalanced, emnistLetters, emnistDigits, emnistMNIST, emnistByClass, emnistByMerge,
	cifar10, cifar100, anyIDX, anyCIFAR, anyFolders, anyTable, anyParquet,
}

// entry is a data set that [Open], [Fetch] and [Describe] know by name. Its methods do what these three promise; their
// errors begin with what went wrong, without the package's name.
type entry interface {
	about() Dataset
	// recognise says by which of its files a directory holds this data set, "" if it does not seem to. It reads as
	// little as it can; open finds out whether the files are good.
	recognise(dir string) (evidence string)
	open(ctx context.Context, o Options) (*Source, error)
	fetch(ctx context.Context, o Options) (dir string, err error)
	describe(ctx context.Context, o Options) (*Info, error)
}

// hasSize holds the images to the size that is asked for.
func (s *Source) hasSize(want Size) error {
	size := s.Train.size()
	if want == (Size{}) || size == want {
		return nil
	}
	var scaled []string
	for _, d := range All() {
		if d.Scaled {
			scaled = append(scaled, strconv.Quote(d.Name))
		}
	}
	return fmt.Errorf("%s: images of %v, want %v (only those of dataset %s are scaled)", s.Dir, size, want,
		strings.Join(scaled, " or "))
}

// Dataset is what is known of a data set without its files.
type Dataset struct {
	Name    string   // as in Options.Dataset
	About   string   // one line for help texts
	Classes []string // names by label; nil where only the files tell
	Dark    bool     // its images are light on dark; false where only the files tell
	Scaled  bool     // its images are pictures of any size, which are scaled to Options.Size
	// Mean and Std are those of each channel of the training pixels, scaled to 0 to 1, by which networks normalise
	// them; nil where pixels are left as they are.
	Mean, Std []float32
}

func (d Dataset) about() Dataset {
	d.Classes, d.Mean, d.Std = slices.Clone(d.Classes), slices.Clone(d.Mean), slices.Clone(d.Std)
	return d
}

// All returns the data sets that [Open] knows, in the order of help texts.
func All() []Dataset {
	all := make([]Dataset, len(registry))
	for i, e := range registry {
		all[i] = e.about()
	}
	return all
}

// Names returns the names of [All].
func Names() []string {
	names := make([]string, len(registry))
	for i, e := range registry {
		names[i] = e.about().Name
	}
	return names
}

// Lookup returns the data set of that name. The error for an unknown name lists the known ones.
func Lookup(name string) (Dataset, error) {
	e, err := lookup(name)
	if err != nil {
		return Dataset{}, fmt.Errorf("data: %w", err)
	}
	return e.about(), nil
}

func lookup(name string) (entry, error) {
	names := Names()
	if i := slices.Index(names, name); i >= 0 {
		return registry[i], nil
	}
	last := len(names) - 1
	return nil, fmt.Errorf("unknown dataset %q, want %s or %s", name, strings.Join(names[:last], ", "), names[last])
}

// dispatch calls a method of the data set that o names.
func dispatch[T any](
	ctx context.Context, o Options, method func(entry, context.Context, Options) (T, error),
) (result T, err error) {
	e, err := lookup(cmp.Or(o.Dataset, Auto))
	if err == nil {
		result, err = method(e, ctx, o)
	}
	if err != nil {
		err = fmt.Errorf("data: %w", err)
	}
	return result, err
}
