package scan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"resnet/data/atomicfile"
	"resnet/data/picture"
	"resnet/data/samples"
)

// reported is a set of three classes with something of everything.
func reported() (*samples.Set, []Image) {
	set := &samples.Set{Dir: "dir", Classes: []string{"a", "b", "c"}, Empty: []string{"d"}}
	var images []Image
	add := func(split samples.Split, class int32, path string, sum byte, m Image) {
		set.Samples = append(set.Samples, samples.Sample{Path: path, Class: class, Split: split, Weight: 1})
		m.Sum[0] = sum
		images = append(images, m)
	}
	of := func(w, h int, mode picture.Mode) Image {
		return Image{Head: picture.Head{Format: "png", Width: w, Height: h, Mode: mode}}
	}
	turned := Image{Head: picture.Head{Format: "jpeg", Width: 7, Height: 9, Orientation: 6}}
	cut := Image{Head: of(1, 1, 0).Head, Fault: picture.Truncated, Problem: "truncated png"}
	add(samples.Train, 0, "train/a/1", 1, of(3, 4, 0))
	add(samples.Train, 0, "train/a/2", 1, of(3, 4, 0))
	add(samples.Train, 0, "train/a/3", 2, cut)
	add(samples.Train, 1, "train/b/1", 3, of(5, 4, picture.Grey))
	add(samples.Train, 1, "train/b/2", 4, turned)
	add(samples.Train, 2, "train/c/1", 2, cut)
	add(samples.Test, 0, "test/a/1", 3, of(5, 4, 0))
	add(samples.Test, 1, "test/b/1", 0, Image{Problem: "permission denied"})
	set.Others = []samples.Other{
		{Path: "labels.TSV", Reason: samples.NoClass},
		{Path: "train/.x", Reason: samples.Hidden}, {Path: "train/a/gone", Reason: samples.Dangling},
		{Path: "train/a/t", Reason: samples.NotPicture, Detail: ".txt"},
		{Path: "train/a/u", Reason: samples.NotPicture, Detail: ".txt"},
	}
	return set, images
}

func TestReport(t *testing.T) {
	set, images := reported()
	r := NewReport(set, images)
	sum := func(b byte) string { return fmt.Sprintf("%02x%062d", b, 0) }
	want := &Report{
		Dir: "dir", Splits: []string{"train", "test"}, Images: 9, Usable: 5, Empty: []string{"d"},
		Classes: []Class{
			{"a", map[string]int{"train": 3, "test": 1}, map[string]int{"train": 2, "test": 1}},
			{"b", map[string]int{"train": 2, "test": 1}, map[string]int{"train": 2}},
			{"c", map[string]int{"train": 1}, map[string]int{}},
		},
		Width: &Spread{3, 5, 7}, Height: &Spread{4, 4, 9},
		Formats: []Count{{"png", 4}, {"jpeg", 1}}, Modes: []Count{{"colour", 4}, {"grey", 1}},
		Bad: []Bad{
			{"test/b/1", "cannot be read", "permission denied"}, {"train/a/3", "truncated", "truncated png"},
			{"train/a/gone", "link to nothing", "link to nothing"}, {"train/c/1", "truncated", "truncated png"},
		},
		Copies: []Copies{
			{sum(3), []string{"test/a/1", "train/b/1"}, []string{"a", "b"}, []string{"train", "test"}},
			{sum(1), []string{"train/a/1", "train/a/2"}, []string{"a"}, []string{"train"}},
		},
		Tables: []string{"labels.TSV"}, Turned: []string{"train/b/2"}, Odd: Odd{"grey", []string{"train/b/1"}},
		Others: []Others{{"not a picture", ".txt", []string{"train/a/t", "train/a/u"}}, {"hidden", "",
			[]string{"train/.x"}},
			{"not in a class folder", "", []string{"labels.TSV"}}},
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
}

// Of the two kinds of colours the rarer one is odd.
func TestOddColour(t *testing.T) {
	set, images := reported()
	for i := range images {
		images[i].Mode = picture.Grey | picture.Alpha
	}
	if odd := NewReport(set, images).Odd; odd.Colour != "" || len(odd.Paths) != 0 {
		t.Errorf("all grey: %+v", odd)
	}
	images[0].Mode = picture.Alpha
	if odd := NewReport(set, images).Odd; odd.Colour != "colour" || !reflect.DeepEqual(odd.Paths,
		[]string{"train/a/1"}) {
		t.Errorf("one coloured: %+v", odd)
	}
}

func TestTrainable(t *testing.T) {
	set, images := reported()
	r := NewReport(set, images)
	err := r.Trainable(Fail)
	var bad *BadError
	if !errors.As(err, &bad) || len(bad.Bad) != 4 {
		t.Errorf("error %v, want the four bad ones", err)
	}
	const want = "scan: dir: 4 of 9 pictures cannot be used (--on-bad-image skip leaves them out): " +
		"test/b/1 (permission denied), train/a/3 (truncated png), train/a/gone (link to nothing), and 1 more"
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	if err := r.Trainable(Skip); err != nil {
		t.Error(err)
	}
	one := "one class with usable pictures to train on, want two or more (or name the table: " +
		filepath.Join("dir", "labels.TSV")
	for _, c := range []struct {
		from int // the first bad one
		want string
	}{{3, one}, {0, "no usable picture to train on"}} {
		for k := c.from; k < len(images); k++ {
			images[k].Problem = "bad"
		}
		if err := NewReport(set, images).Trainable(Skip); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestUsable(t *testing.T) {
	set, images := reported()
	kept, good := Usable(set, images)
	if len(kept.Samples) != 5 || len(good) != 5 || len(set.Samples) != 8 || !reflect.DeepEqual(kept.Classes,
		set.Classes) {
		t.Errorf("%d samples and %d images kept of classes %v", len(kept.Samples), len(good), kept.Classes)
	}
	for i, x := range kept.Samples {
		if good[i].Problem != "" || good[i].Sum != images[indexOf(set, x.Path)].Sum {
			t.Errorf("%s has another sample's image", x.Path)
		}
	}
}

func indexOf(set *samples.Set, path string) int {
	for i, x := range set.Samples {
		if x.Path == path {
			return i
		}
	}
	return -1
}

func TestWriteBad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "skipped.tsv")
	err := WriteBad(atomicfile.OS, path, []Bad{{"a/b.png", "truncated", "truncated png"}, {"a\nb\tc\xff", "damaged",
		"x"}})
	b, _ := os.ReadFile(path)
	if want := "a/b.png\ttruncated\ttruncated png\n" + `a\nb\tc\xff` + "\tdamaged\tx\n"; err != nil ||
		string(b) != want {
		t.Errorf("%v, %q, want %q", err, b, want)
	}
}
