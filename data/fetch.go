package data

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fetch downloads whichever of the four files are not already intact in o.Dir or, without it, in the cache.
func (p *published) fetch(ctx context.Context, o Options) (string, error) {
	dir := o.Dir
	if dir == "" {
		dir = p.cache
	}
	if dir == "" {
		return "", fmt.Errorf("fetch: %w (give --data-dir)", p.cacheErr)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("fetch: %w", err)
	}
	unlock, err := lockDir(ctx, dir, func() { o.logf("%s: another process downloads into %s; waiting", p.name, dir) })
	if err != nil {
		return "", fmt.Errorf("fetch: %s: %w", dir, err)
	}
	defer unlock()

	d := download{client: p.client, stall: p.stall, progress: o.progress}
	mirrors := slices.Clone(p.mirrors)
	for i, f := range readFiles(dir, &p.sums) { // read under the lock: another process may have brought them meanwhile
		if f.err == nil {
			continue
		}
		if err := p.fetchFile(ctx, o, d, mirrors, dir, i); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// fetchFile brings file i from the first mirror that has it, and moves mirrors that failed behind the one that served.
func (p *published) fetchFile(ctx context.Context, o Options, d download, mirrors []string, dir string, i int) error {
	name := stems[i] + ".gz"
	part := filepath.Join(dir, name+".part")
	var failed []string
	for range mirrors {
		url := mirrors[0] + name
		err := p.fetchFrom(ctx, d, url, part, i)
		if err == nil {
			return publish(part, filepath.Join(dir, name))
		}
		if ctx.Err() != nil {
			return fmt.Errorf("fetch: %s: %w (what came is kept, the next download goes on from there)", name, ctx.Err())
		}
		o.logf("%s: %s: %v", p.name, url, err)
		failed = append(failed, fmt.Sprintf("%s: %v", url, err))
		bad := mirrors[0]
		copy(mirrors, mirrors[1:])
		mirrors[len(mirrors)-1] = bad
	}
	return errors.New(strings.Join(failed, "; "))
}

// fetchFrom brings one file from one mirror and checks it, in three tries at most, as long as each has hope for the next.
func (p *published) fetchFrom(ctx context.Context, d download, url, part string, i int) error {
	var err error
	for range 3 {
		var got received
		got, err = d.get(ctx, url, part)
		if err != nil {
			if ctx.Err() != nil || !got.again {
				return err
			}
			continue
		}
		f := readFile(part, i)
		if f.err == nil {
			f.err = f.verify(p.sums[i])
		}
		if f.err == nil {
			return nil
		}
		if err = drop(part, f.err); !got.resumed {
			return err
		}
		// The old part may have been at fault, so the whole file gets a try.
	}
	return err
}

// publish gives a verified and synced download its name.
func publish(part, path string) error {
	err := os.Rename(part, path)
	if err == nil {
		err = discard(part)
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
