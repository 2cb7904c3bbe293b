package data

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"resnet/data/filelock"
)

// lockDir locks a directory against other processes until unlock is called or this process ends. While another process
// has the lock, it waits until ctx ends; it calls waiting once before that. On a file system without locks it does
// nothing: two downloads at once waste time there, but do no harm.
func lockDir(ctx context.Context, dir string, waiting func()) (unlock func(), err error) {
	for tries := 0; ; tries++ {
		lock, err := filelock.Lock(filepath.Join(dir, ".lock"))
		var held *filelock.Held
		switch {
		case err == nil:
			return func() { lock.Close() }, nil
		case errors.Is(err, errors.ErrUnsupported):
			return func() {}, nil
		case !errors.As(err, &held):
			return nil, err
		}
		if tries == 0 {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
