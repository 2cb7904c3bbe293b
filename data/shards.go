package data

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"resnet/data/parquet"
	"resnet/data/samples"
)

// Parquet names the data set of pictures in Parquet files as Hugging Face publishes them.
const Parquet = "parquet"

// anyParquet is a data set of pictures in Parquet files, DIR/train-00000-of-00002.parquet or DIR/data/...
var anyParquet = &pictureSet{
	Dataset: Dataset{Name: Parquet, Scaled: true, About: "pictures and labels in Parquet files, as Hugging Face " +
		"publishes data sets"},
	classes: "the classes that its files name", needs: "a folder of Parquet files",
	evidence: parquet.First,
	find: func(_ context.Context, o *Options) (*pictures, error) {
		files, err := parquet.Open(o.Dir)
		if err != nil {
			return nil, err
		}
		return inShards(files, o.Dir), nil
	},
}

// inShards are the pictures in Parquet files. Their labels are read together with them.
func inShards(files *parquet.Set, dir string) *pictures {
	set := &samples.Set{Dir: dir, Classes: files.Classes}
	for split := range samples.Split(samples.Splits) {
		for range files.Len(split) {
			set.Samples = append(set.Samples, samples.Sample{Split: split, Weight: 1})
		}
	}
	return &pictures{set, func(ctx context.Context, visit func(int, *io.SectionReader, error)) error {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(runtime.GOMAXPROCS(0))
		next := 0
		for split := range samples.Split(samples.Splits) {
			err := files.Rows(split, func(r *parquet.Row) error {
				i := next
				next++
				set.Samples[i].Path, set.Samples[i].Class = rowName(r), int32(r.Class)
				image := bytes.Clone(r.Image)
				group.Go(func() error {
					visit(i, io.NewSectionReader(bytes.NewReader(image), 0, int64(len(image))), nil)
					return nil
				})
				return ctx.Err()
			})
			if err != nil {
				_ = group.Wait() // for pictures that were begun; they have no errors
				return err
			}
		}
		return group.Wait()
	}}
}

// rowName is what a picture is called in messages and in the checksum.
func rowName(r *parquet.Row) string {
	name := fmt.Sprintf("%s row %d", filepath.Base(r.Shard), r.Index)
	if r.Path != "" {
		name += " (" + r.Path + ")"
	}
	return name
}
