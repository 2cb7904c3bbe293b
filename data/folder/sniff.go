package folder

import (
	"context"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"resnet/data/picture"
	"resnet/data/samples"
)

// chunk is how many files a goroutine takes at once.
const chunk = 256

// sniffAll moves the files that are no pictures to the others of their folders.
func sniffAll(ctx context.Context, set *samples.Set, found []finds, workers int, fsys fileSystem) error {
	verdicts := make([][]*samples.Other, len(found))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i, f := range found {
		verdicts[i] = make([]*samples.Other, len(f.files))
		at := 0
		for files := range slices.Chunk(f.files, chunk) {
			out := verdicts[i][at:]
			at += len(files)
			group.Go(func() error {
				for k, path := range files {
					if err := ctx.Err(); err != nil {
						return err
					}
					out[k] = sniff(set, path, fsys)
				}
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i := range found {
		found[i].sort(verdicts[i])
	}
	return nil
}

// sort keeps the files that have no verdict.
func (f *finds) sort(verdicts []*samples.Other) {
	kept := f.files[:0]
	for i, path := range f.files {
		if verdicts[i] == nil {
			kept = append(kept, path)
		} else {
			f.others = append(f.others, *verdicts[i])
		}
	}
	f.files = kept
}

// sniff returns nil for a picture, also a damaged one, by content or name.
func sniff(set *samples.Set, path string, fsys fileSystem) *samples.Other {
	other := &samples.Other{Path: path}
	f, err := fsys.open(set.Path(path))
	if err != nil {
		other.Reason, other.Detail = failure(err)
		return other
	}
	defer f.Close()
	kind, err := picture.Sniff(f)
	switch {
	case err != nil:
		other.Reason, other.Detail = samples.Unreadable, err.Error()
	case kind.Read || picture.Named(path):
		return nil
	case kind.Picture:
		other.Reason, other.Detail = samples.Unsupported, kind.Name
	case kind.Name != "":
		other.Reason, other.Detail = samples.NotPicture, kind.Name
	default:
		other.Reason, other.Detail = samples.NotPicture, filepath.Ext(path)
	}
	return other
}
