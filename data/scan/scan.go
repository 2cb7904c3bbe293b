// Package scan looks at every picture of a data set before the first step of training: its size, how it stores colours,
// its content's hash, and whether it is whole. What it finds is kept in a cache, so that a second look costs little.
package scan

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"resnet/data/picture"
	"resnet/data/samples"
)

// MaxPixels is the limit of a picture, unless Options say otherwise: what all but a few cameras take. A picture of a
// few megabytes may say that it has ten times as many, which nobody wants to wait for.
const MaxPixels = 100_000_000

// inFlight bounds the bytes of pictures that are decoded at one time. A larger one is decoded alone.
const inFlight = 256e6

// Options say how to look. The zero value looks at heads only, without a cache, on all CPUs.
type Options struct {
	Workers   int   // goroutines; 0 is one a CPU
	Decode    bool  // also decodes each picture to its end, without which damage is not seen
	MaxPixels int64 // of a picture; 0 means the constant MaxPixels

	// Cache is the file that keeps what is found, see [CacheFile]; empty keeps nothing.
	Cache string

	// Progress, if not nil, is called after each picture, by several goroutines.
	Progress func(done, total int)

	// Log, if not nil, gets a line where the cache cannot be written, which the scan survives.
	Log func(format string, args ...any)
}

// Image is what is known of a picture.
type Image struct {
	picture.Head               // zero where there is no such head
	Bytes        int64         // of the file
	Sum          samples.Sum   // of the file; zero where it cannot be read
	Decoded      bool          // to its end; a picture with a fault needs no more
	Fault        picture.Fault // None with a Problem: the system does not read the file
	Problem      string        // why the picture cannot be used; empty if it can
}

// Scan looks at the pictures of a set. Its result has an entry for each sample, in their order; what is wrong with a
// picture is in its entry. Beside 300 bytes a picture it takes as much memory as the pictures being decoded, at most
// 400 MB. The error is that of ctx; what was found until then is in the cache.
func Scan(ctx context.Context, set *samples.Set, o Options) ([]Image, error) {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = MaxPixels
	}
	s := &scanner{Options: o, set: set, images: make([]Image, len(set.Samples)),
		memory: semaphore.NewWeighted(inFlight)}
	s.stamps = make([]stamp, len(set.Samples))
	s.known = readCache(o.Cache)
	err := s.run(ctx)
	s.save()
	if err != nil {
		return nil, err
	}
	return s.images, nil
}

type scanner struct {
	Options
	set    *samples.Set
	images []Image
	stamps []stamp // when and how large each file was; zero where that is not to be kept
	known  map[string]entry
	memory *semaphore.Weighted
	next   atomic.Int64 // sample that is looked at next
	done   atomic.Int64 // number of samples
	fresh  atomic.Int64 // of these, not from the cache
}

func (s *scanner) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for range s.Workers {
		group.Go(func() error {
			var w worker
			for {
				i := int(s.next.Add(1)) - 1
				if i >= len(s.images) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := s.look(ctx, &w, i); err != nil {
					return err
				}
				if n := s.done.Add(1); s.Progress != nil {
					s.Progress(int(n), len(s.images))
				}
			}
		})
	}
	return group.Wait()
}
