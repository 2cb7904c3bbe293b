package data

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/data/samples"
	"resnet/data/scan"
)

func TestOpenManifest(t *testing.T) {
	dir, logged := t.TempDir(), ""
	grey := func(g byte) []byte { return plainPicture(t, "png", g) }
	plant(t, dir, map[string][]byte{
		"1.png": grey(1), "2.png": grey(2), "3.png": grey(3), "4.png": grey(4), "cut.png": grey(5)[:40],
		"labels.csv": []byte("path,label,split\n1.png,b,\n2.png,a,\n3.png,b,valid\n4.png,a,test\ncut.png,a,\n" +
			"gone.png,a,\n1.png,b,\n"),
	})
	table := filepath.Join(dir, "labels.csv")
	for _, o := range []Options{{Dir: dir}, {Dir: table}, {Dir: dir, Dataset: Manifest}} {
		logged = ""
		o.Size, o.Log = smallSize, func(f string, a ...any) { logged += fmt.Sprintf(f+"\n", a...) }
		src, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if src.Name != Manifest || src.Dir != table || !slices.Equal(src.ClassNames, []string{"a", "b"}) ||
			!slices.Equal(src.Train.Labels, []int32{0, 1}) || !slices.Equal(src.Val.Labels, []int32{1}) ||
			!slices.Equal(src.Test.Labels, []int32{0}) {
			t.Errorf("%s in %s, classes %q, labels %v, %v and %v", src.Name, src.Dir, src.ClassNames, src.Train.Labels,
				src.Val.Labels, src.Test.Labels)
		}
		if src.Train.Image(0)[0] != 2 || src.Train.Image(1)[0] != 1 || src.Val.Image(0)[0] != 3 ||
			src.Test.Image(0)[0] != 4 {
			t.Error("images lie under others' labels")
		}
		if o.Dataset == "" && !strings.Contains(logged, ": manifest, by labels.csv\n") {
			t.Errorf("logged %q", logged)
		}
		if len(src.Bad) != 2 || src.Bad[0].Path != "cut.png" || src.Bad[1].Fault != samples.Missing.String() {
			t.Errorf("left out %+v, want the cut and the missing one", src.Bad)
		}
		if notes := strings.Join(src.Notes, "\n"); !strings.Contains(notes, `listed twice in a class: "1.png"`) {
			t.Errorf("notes %q", notes)
		}
	}
	_, err := Open(t.Context(), Options{Dir: table, OnBad: scan.Fail})
	if bad := (*scan.BadError)(nil); !errors.As(err, &bad) || len(bad.Bad) != 2 || bad.Images != 6 {
		t.Errorf("error %v, want 2 bad ones of 6 pictures", err)
	}
}

func TestOpenManifestRefuses(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, map[string][]byte{
		"1.png": plainPicture(t, "png", 1), "2.png": plainPicture(t, "png", 2),
		"weights.csv": []byte("path,label,weight\n1.png,a,1\n2.png,b,0.5\n"), "one.csv": []byte("1.png,a\n2.png,a\n"),
		"classes/a/1.png": plainPicture(t, "png", 3), "classes/labels.csv": []byte("a/1.png,b\n"),
	})
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Dir: filepath.Join(dir, "weights.csv")}, "weights.csv: weight 0.5 of 2.png, want 1"},
		{Options{Dir: filepath.Join(dir, "one.csv")}, "one class with pictures (a), nothing to learn"},
		{Options{Dir: dir, Dataset: Manifest}, "a folder without one table (*.csv, *.tsv or *.jsonl), want its name"},
		{Options{Dir: filepath.Join(dir, "1.png")}, "1.png: a file, want a directory with a data set, or a table"},
		{Options{Dir: filepath.Join(dir, "one.csv"), Columns: []string{"label"}}, "want path and label among them"},
		{Options{Dir: filepath.Join(dir, "classes")}, "or name the table: " +
			filepath.Join(dir, "classes", "labels.csv")},
		{Options{Dir: filepath.Join(dir, "classes"), Columns: []string{"path", "label"}}, "has no columns to name"},
		{Options{Dataset: Manifest}, "needs a table of pictures and labels"},
	} {
		_, err := Open(t.Context(), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: error %v, want one line with %q", c.o, err, c.want)
		}
	}
}

// Copies of an image stay together, whether it has a file of its own or not, and every class gives some.
func TestHoldoutShare(t *testing.T) {
	s := &Set{N: 40, H: 1, W: 1, C: 1, Pixels: make([]byte, 40), Labels: make([]int32, 40)}
	for i := range s.N {
		s.Pixels[i], s.Labels[i] = byte(i/2), int32(i/20)
	}
	train, val, err := HoldoutShare(s, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	classes := map[int32]int{}
	for k, i := range val {
		classes[s.Labels[i]]++
		if k%2 == 0 && (k+1 == len(val) || val[k+1] != i+1) {
			t.Errorf("image %d is held out without its copy", i)
		}
	}
	all := slices.Sorted(slices.Values(slices.Concat(train, val)))
	if !slices.Equal(all, Sequence(make([]int32, 40))) || len(classes) != 2 || !slices.IsSorted(train) ||
		!slices.IsSorted(val) {
		t.Errorf("%v to train on, %v held out", train, val)
	}
	same := &Set{N: 2, H: 1, W: 1, C: 1, Pixels: []byte{7, 7}, Labels: []int32{0, 0}}
	_, _, err = HoldoutShare(same, 0.3)
	if err == nil || !strings.Contains(err.Error(), "no class has two images that differ") {
		t.Errorf("copies alone: %v", err)
	}
	if _, _, err := HoldoutShare(s, 1); err == nil {
		t.Error("a share of everything is no error")
	}
}
