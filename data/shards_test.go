package data

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resnet/data/parquet/parquettest"
	"resnet/data/scan"
)

func TestOpenParquet(t *testing.T) {
	classes := []string{"zebra", "ant"} // labels are the files', not those of sorted names
	row := func(grey byte, label int64) parquettest.Row {
		name := fmt.Sprintf("%d.png", grey)
		return parquettest.Row{Image: parquettest.Image{Bytes: plainPicture(t, "png", grey), Path: name}, Label: label}
	}
	cut := row(9, 0)
	cut.Image.Bytes = cut.Image.Bytes[:40]
	dir, logged := t.TempDir(), ""
	plant(t, dir, map[string][]byte{
		"data/train-00000-of-00002.parquet":      parquettest.Encode(t, classes, row(1, 1), cut, row(2, 0)),
		"data/train-00001-of-00002.parquet":      parquettest.Encode(t, classes, row(3, 0)),
		"data/validation-00000-of-00001.parquet": parquettest.Encode(t, classes, row(4, 1)),
		"data/test-00000-of-00001.parquet":       parquettest.Encode(t, classes, row(5, 0), row(6, 1)),
		"README.md":                              []byte("# data set"),
	})
	o := Options{Dir: dir, Size: smallSize, Log: func(f string, a ...any) { logged += fmt.Sprintf(f+"\n", a...) }}
	src, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if src.Name != Parquet || !slices.Equal(src.ClassNames, classes) ||
		!slices.Equal(src.Train.Labels, []int32{1, 0, 0}) || !slices.Equal(src.Val.Labels, []int32{1}) ||
		!slices.Equal(src.Test.Labels, []int32{0, 1}) {
		t.Errorf("%s of classes %q, labels %v, %v and %v", src.Name, src.ClassNames, src.Train.Labels, src.Val.Labels,
			src.Test.Labels)
	}
	for i, want := range []byte{1, 2, 3} {
		if got := src.Train.Image(i)[0]; got != want {
			t.Errorf("image %d is of grey %d, want %d", i, got, want)
		}
	}
	shard := filepath.Join("data", "test-00000-of-00001.parquet")
	if !strings.Contains(logged, ": parquet, by "+shard+"\n") {
		t.Errorf("logged %q, want by %s", logged, shard)
	}
	if len(src.Bad) != 1 || src.Bad[0].Path != "train-00000-of-00002.parquet row 1 (9.png)" ||
		!strings.Contains(strings.Join(src.Notes, "\n"), "passed over: picture: ") {
		t.Errorf("left out %+v, notes %q", src.Bad, src.Notes)
	}
	o.OnBad = scan.Fail
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "1 of 7 pictures cannot be used") {
		t.Errorf("error %v, want one that names the bad picture", err)
	}
	if one, err := Open(t.Context(), Options{Dir: filepath.Join(dir, shard), Dataset: Parquet}); err == nil {
		t.Errorf("%+v of a test split alone", one)
	}
}
