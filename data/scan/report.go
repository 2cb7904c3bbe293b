package scan

import (
	"cmp"
	"encoding/hex"
	"maps"
	"slices"

	"resnet/data/picture"
	"resnet/data/samples"
)

// Report is what is worth knowing of a data set before it is trained on. Its lists are whole, sorted, and never nil.
type Report struct {
	Dir    string   `json:"dir"`
	Splits []string `json:"splits"` // that have samples
	Images int      `json:"images"` // samples, and what cannot be read in the place of one
	Usable int      `json:"usable"`

	Classes []Class  `json:"classes"`
	Empty   []string `json:"empty_classes"` // folders without a picture

	Width   *Spread `json:"width,omitempty"` // of usable pictures; nil without any
	Height  *Spread `json:"height,omitempty"`
	Formats []Count `json:"formats"`
	Modes   []Count `json:"modes"`

	Bad    []Bad    `json:"bad"`    // what somebody meant to be a picture and cannot be used
	Copies []Copies `json:"copies"` // usable pictures of the same bytes
	Turned []string `json:"turned"` // by their EXIF orientation
	Odd    Odd      `json:"odd_colour"`
	Others []Others `json:"others"` // what else lies there, by reason
	Tables []string `json:"tables"` // of Others, what may list pictures and labels
}

// Class counts the pictures of a class.
type Class struct {
	Name   string         `json:"name"`
	Images map[string]int `json:"images"` // by split
	Usable map[string]int `json:"usable"`
}

// In returns the number of usable pictures in a split.
func (c *Class) In(split samples.Split) int { return c.Usable[split.String()] }

// Spread describes sides, in pixels.
type Spread struct {
	Min    int `json:"min"`
	Median int `json:"median"`
	Max    int `json:"max"`
}

// Count is how many pictures have something.
type Count struct {
	What string `json:"what"`
	N    int    `json:"n"`
}

// Bad is a picture that cannot be used.
type Bad struct {
	Path    string `json:"path"`
	Fault   string `json:"fault"` // a few words that many have
	Problem string `json:"problem"`
}

// Copies are pictures of the same bytes.
type Copies struct {
	SHA256  string   `json:"sha256"`
	Paths   []string `json:"paths"`
	Classes []string `json:"classes"`
	Splits  []string `json:"splits"`
}

// Odd are the grey pictures among coloured ones, or the coloured ones among grey ones, whichever are fewer.
type Odd struct {
	Colour string   `json:"colour"` // grey or colour; empty where all are alike
	Paths  []string `json:"paths"`
}

// Others are files and folders that are no samples, for one reason.
type Others struct {
	Reason string   `json:"reason"`
	Detail string   `json:"detail,omitempty"`
	Paths  []string `json:"paths"`
}

// NewReport puts together what a scan of the set found.
func NewReport(set *samples.Set, images []Image) *Report {
	r := &Report{
		Dir: set.Dir, Splits: []string{},
		Empty: slices.Concat([]string{}, set.Empty), Tables: slices.Concat([]string{}, set.Tables()),
	}
	for split := range samples.Split(samples.Splits) {
		if set.HasSplit(split) {
			r.Splits = append(r.Splits, split.String())
		}
	}
	r.classes(set, images)
	r.bad(set, images)
	r.others(set)
	r.usable(set, images)
	r.copies(set, images)
	return r
}

func (r *Report) classes(set *samples.Set, images []Image) {
	r.Classes = make([]Class, len(set.Classes))
	for i, name := range set.Classes {
		r.Classes[i] = Class{name, map[string]int{}, map[string]int{}}
	}
	for i, x := range set.Samples {
		c := &r.Classes[x.Class]
		c.Images[x.Split.String()]++
		if images[i].Problem == "" {
			c.Usable[x.Split.String()]++
		}
	}
}

func (r *Report) bad(set *samples.Set, images []Image) {
	r.Bad = BadOf(set, images)
	for i := range images {
		if images[i].Problem == "" {
			r.Usable++
		}
	}
	r.Images = r.Usable + len(r.Bad)
}

func (r *Report) others(set *samples.Set) {
	type kind struct {
		samples.Reason
		detail string
	}
	paths := map[kind][]string{}
	for _, o := range set.Others {
		if !o.Reason.Bad() {
			k := kind{o.Reason, o.Detail}
			paths[k] = append(paths[k], o.Path)
		}
	}
	r.Others = []Others{}
	for k, paths := range paths {
		r.Others = append(r.Others, Others{k.String(), k.detail, paths})
	}
	slices.SortFunc(r.Others, func(a, b Others) int {
		return cmp.Or(cmp.Compare(len(b.Paths), len(a.Paths)), cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.Detail, b.Detail))
	})
}

// usable describes the pictures that can be used.
func (r *Report) usable(set *samples.Set, images []Image) {
	var widths, heights []int
	formats, modes := map[string]int{}, map[string]int{}
	grey, coloured := []string{}, []string{}
	r.Turned = []string{}
	for i := range images {
		m, path := &images[i], set.Samples[i].Path
		if m.Problem != "" {
			continue
		}
		widths, heights = append(widths, m.Width), append(heights, m.Height)
		formats[m.Format]++
		modes[m.Mode.String()]++
		if m.Mode&picture.Grey != 0 {
			grey = append(grey, path)
		} else {
			coloured = append(coloured, path)
		}
		if m.Orientation > 1 {
			r.Turned = append(r.Turned, path)
		}
	}
	r.Width, r.Height = spread(widths), spread(heights)
	r.Formats, r.Modes = counts(formats), counts(modes)
	switch {
	case len(grey) == 0 || len(coloured) == 0:
		r.Odd.Paths = []string{}
	case len(grey) <= len(coloured):
		r.Odd = Odd{"grey", grey}
	default:
		r.Odd = Odd{"colour", coloured}
	}
}

func spread(sides []int) *Spread {
	if len(sides) == 0 {
		return nil
	}
	slices.Sort(sides)
	return &Spread{sides[0], sides[len(sides)/2], sides[len(sides)-1]}
}

// counts has the most frequent first.
func counts(of map[string]int) []Count {
	all := make([]Count, 0, len(of))
	for what, n := range of {
		all = append(all, Count{what, n})
	}
	slices.SortFunc(all, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.What, b.What)) })
	return all
}

// copies finds the usable pictures of the same bytes.
func (r *Report) copies(set *samples.Set, images []Image) {
	var order []int
	for i := range images {
		if images[i].Problem == "" {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(slices.Compare(images[a].Sum[:], images[b].Sum[:]), cmp.Compare(a, b))
	})
	r.Copies = []Copies{}
	for len(order) > 0 {
		sum := images[order[0]].Sum
		n := 1
		for n < len(order) && images[order[n]].Sum == sum {
			n++
		}
		if n > 1 {
			r.Copies = append(r.Copies, copiesOf(set, order[:n], sum))
		}
		order = order[n:]
	}
	slices.SortFunc(r.Copies, func(a, b Copies) int { return cmp.Compare(a.Paths[0], b.Paths[0]) })
}

func copiesOf(set *samples.Set, of []int, sum samples.Sum) Copies {
	c := Copies{SHA256: hex.EncodeToString(sum[:])}
	classes, splits := map[string]bool{}, map[samples.Split]bool{}
	for _, i := range of {
		x := set.Samples[i]
		c.Paths = append(c.Paths, x.Path)
		classes[set.Classes[x.Class]] = true
		splits[x.Split] = true
	}
	c.Classes = slices.Sorted(maps.Keys(classes))
	for _, split := range slices.Sorted(maps.Keys(splits)) {
		c.Splits = append(c.Splits, split.String())
	}
	slices.Sort(c.Paths)
	return c
}
