package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/data"
	"resnet/data/folder"
	"resnet/data/picture"
	"resnet/nn/infer"
	"resnet/nn/train/plots"
)

// pictureFile is a picture that is given by name, or why there is none.
type pictureFile struct {
	item   plots.Item
	ground float64 // as picture.Picture has it
	err    error
}

// pictureFiles returns the files that the arguments name, for a folder the pictures in it. Other files of a folder are
// counted in a note.
func pictureFiles(c *cli.Context, args []string) []pictureFile {
	var files []pictureFile
	add := func(name string, err error) {
		files = append(files, pictureFile{item: plots.Item{Name: name, Label: plots.NoLabel}, err: err})
	}
	for _, arg := range args {
		if !isDir(arg) {
			add(arg, nil)
			continue
		}
		names, rest, err := picturesIn(arg)
		if err == nil && len(names) == 0 {
			err = fmt.Errorf("picture: %s: no pictures in this folder%s", arg, rest)
		}
		if err != nil {
			add(arg, err)
			continue
		}
		if rest != (others{}) {
			fmt.Fprintf(c.App.ErrWriter, "note: %s: not read%s\n", printable(arg), rest)
		}
		for _, name := range names {
			add(filepath.Join(arg, name), nil)
		}
	}
	return files
}

// others counts what is in a folder beside pictures.
type others struct{ files, folders int }

func (o others) String() string {
	var counts []string
	for _, c := range []struct {
		n           int
		one, number string
	}{
		{o.files, "1 file that is no picture", "%d files that are no pictures"},
		{o.folders, "1 folder (give it by name)", "%d folders (give them by name)"},
	} {
		switch {
		case c.n == 1:
			counts = append(counts, c.one)
		case c.n > 1:
			counts = append(counts, fmt.Sprintf(c.number, c.n))
		}
	}
	if len(counts) == 0 {
		return ""
	}
	return ": " + strings.Join(counts, ", ")
}

// picturesIn returns the names of the pictures in a folder, sorted, and counts the rest, but not what systems hide
// there.
func picturesIn(dir string) (names []string, rest others, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, rest, fmt.Errorf("picture: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		path := filepath.Join(dir, name)
		_, ignored := folder.Ignored(name)
		switch {
		case ignored:
		case isDir(path):
			rest.folders++
		case picture.Meant(path):
			names = append(names, name)
		default:
			rest.files++
		}
	}
	return names, rest, nil
}

// predictFiles reads the pictures and fills in their probabilities or errors. Beyond what --grid draws it holds the
// pixels of one batch.
func predictFiles(c *cli.Context, m *infer.Model, files []pictureFile) error {
	for batch := range slices.Chunk(files, maxPredictBatch) {
		for i := range batch {
			if err := c.Context.Err(); err != nil {
				return err
			}
			if f := &batch[i]; f.err == nil {
				f.read(m, c.Bool("invert"))
			}
		}
		items := readable(batch)
		if err := predict(m, items); err != nil {
			return err
		}
		for i := range batch {
			f := &batch[i]
			if f.err != nil {
				continue
			}
			f.item.Probs, items = items[0].Probs, items[1:]
			if c.String("grid") == "" {
				f.item.Pixels = nil
			}
		}
	}
	noteInversion(c, m, files)
	return nil
}

func (f *pictureFile) read(m *infer.Model, invert bool) {
	p, err := m.ReadPicture(f.item.Name, invert)
	if err != nil {
		f.err = err
		return
	}
	f.item.Pixels, f.ground = p.Pixels, p.Ground
}

// readable returns the items of the files without an error.
func readable(files []pictureFile) []plots.Item {
	var items []plots.Item
	for _, f := range files {
		if f.err == nil {
			items = append(items, f.item)
		}
	}
	return items
}

// withFailures returns the pictures with those of the files that have errors among them, in the order of the files.
// Pictures of files come last.
func withFailures(pictures []prediction, files []pictureFile) []prediction {
	good := len(readable(files))
	if good == len(files) {
		return pictures
	}
	all := slices.Clone(pictures[:len(pictures)-good])
	pictures = pictures[len(pictures)-good:]
	for _, f := range files {
		if f.err == nil {
			all, pictures = append(all, pictures[0]), pictures[1:]
		} else {
			all = append(all, prediction{Source: f.item.Name, Top: []guess{}, Error: oneLine(f.err)})
		}
	}
	return all
}

// failures names the files that could not be read, one a line, and returns the error for the last line.
func failures(c *cli.Context, files []pictureFile) error {
	failed := len(files) - len(readable(files))
	for _, f := range files {
		switch {
		case f.err == nil:
		case len(files) == 1:
			return f.err
		default:
			fmt.Fprintf(c.App.ErrWriter, "resnet: %s\n", printable(f.err.Error()))
		}
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("predict: %d of %d pictures could not be read", failed, len(files))
}

// A ground beyond these is light or dark. Between them it says nothing.
const (
	lightGround = 0.6
	darkGround  = 0.4
)

// noteInversion hints at --invert where pictures are dark on light and the data set is light on dark, and at leaving it
// out where they are light on dark as well.
func noteInversion(c *cli.Context, m *infer.Model, files []pictureFile) {
	name := cmp.Or(c.String("dataset"), m.Metadata().Dataset)
	if d, err := data.Lookup(name); err != nil || !d.Dark {
		return
	}
	invert := c.Bool("invert")
	var odd []string
	for _, f := range files {
		if f.err == nil && (!invert && f.ground > lightGround || invert && f.ground < darkGround) {
			odd = append(odd, printable(f.item.Name))
		}
	}
	if len(odd) == 0 {
		return
	}
	hint := "dark on light, while %s is light on dark: try --invert"
	if invert {
		hint = "light on dark, as %s is: leave out --invert"
	}
	fmt.Fprintf(c.App.ErrWriter, "note: %s: "+hint+"\n", few(odd), name)
}

// few lists the first three names and counts the rest.
func few(names []string) string {
	if n := len(names) - 3; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), n)
	}
	return strings.Join(names, ", ")
}
