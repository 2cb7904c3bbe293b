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

// fetch downloads whichever of the files are not already intact in o.Dir or, without it, in the cache. Where the web
// has an archive, that brings them all.
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
	files := s.read(s.inside(dir), s.files) // under the lock: another process may just have fetched them
	if s.archive.name != "" {
		if firstError(dir, s.form(), files) == nil {
			return dir, nil
		}
		return dir, s.fetchArchive(ctx, o, d, mirrors, dir)
	}
	for i, f := range files {
		if f.err == nil {
			continue
		}
		want := s.files[i]
		if want.zipped != nil {
			want = *want.zipped
		}
		if err := s.fetchFile(ctx, o, d, mirrors, filepath.Join(dir, s.form().names[i]+".gz"), want); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// fetchFile downloads the file that is to be at path from the first mirror that has it, and moves mirrors that failed
// to the end of the list.
func (s *store) fetchFile(
	ctx context.Context, o Options, d download, mirrors []string, path string, want content,
) error {
	name := filepath.Base(path)
	p := part(path + ".part")
	var failed []string
	for range mirrors {
		url := mirrors[0] + name
		err := fetchFrom(ctx, d, url, p, want)
		if err == nil {
			return publish(p, path)
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

// fetchFrom downloads a file from one mirror. It tries three times at most, and only while another try may do better
// than the last.
func fetchFrom(ctx context.Context, d download, url string, p part, want content) error {
	for tries := 1; ; tries++ {
		again, err := d.get(ctx, url, p, want)
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
