package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resnet/data/terminal"
)

// fetch downloads whichever of the four files are not already intact in o.Dir or, without it, in the cache.
func (s *store) fetch(ctx context.Context, o Options) (string, error) {
	dir := o.Dir
	if dir == "" {
		dir = s.cache
	}
	if dir == "" {
		return "", fmt.Errorf("fetch: %w (give --data-dir)", s.cacheErr)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("fetch: %w", err)
	}
	unlock, err := lockDir(ctx, dir, func() {
		o.logf("%s: another process downloads into %s; waiting", s.Name, dir)
	})
	if err != nil {
		return "", fmt.Errorf("fetch: %s: %w", dir, err)
	}
	defer unlock()

	d := download{client: s.client, stall: s.stall, progress: o.progress}
	mirrors := slices.Clone(s.mirrors)
	for i, f := range readFiles(dir, &s.files) { // under the lock: another process may just have fetched them
		if f.err == nil {
			continue
		}
		if err := s.fetchFile(ctx, o, d, mirrors, dir, i); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// fetchFile downloads file i from the first mirror that has it, and moves mirrors that failed to the end of the list.
func (s *store) fetchFile(ctx context.Context, o Options, d download, mirrors []string, dir string, i int) error {
	name := stems[i] + ".gz"
	p := part(filepath.Join(dir, name+".part"))
	var failed []string
	for range mirrors {
		url := mirrors[0] + name
		err := s.fetchFrom(ctx, d, url, p, i)
		if err == nil {
			return publish(p, filepath.Join(dir, name))
		}
		if ctx.Err() != nil {
			return fmt.Errorf("fetch: %s: %w (what came is kept, the next download goes on from there)",
				name, ctx.Err())
		}
		var local *fs.PathError // a full disk is no fault of the mirror
		if errors.As(err, &local) {
			return fmt.Errorf("fetch: %w", err)
		}
		why := terminal.Printable(err.Error()) // which may quote the server
		o.logf("%s: %s: %s", s.Name, url, why)
		failed = append(failed, url+": "+why)
		bad := mirrors[0]
		copy(mirrors, mirrors[1:])
		mirrors[len(mirrors)-1] = bad
	}
	return errors.New(strings.Join(failed, "; "))
}

// fetchFrom downloads file i from one mirror. It tries three times at most, and only while another try may do better
// than the last.
func (s *store) fetchFrom(ctx context.Context, d download, url string, p part, i int) error {
	for tries := 1; ; tries++ {
		again, err := d.get(ctx, url, p, s.files[i])
		if err == nil || !again || tries == 3 || ctx.Err() != nil {
			return err
		}
	}
}

// publish gives a verified and synced download its name.
func publish(p part, path string) error {
	err := os.Rename(string(p), path)
	if err == nil {
		err = p.discard()
	}
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		dir.Sync() // not every system can; at worst the file is fetched again after a power failure
		dir.Close()
	}
	return nil
}
