package data

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"resnet/data/atomicfile"
)

// place is a directory where a published data set may lie.
type place struct {
	dir  string
	note string // how the directory came up, for messages
	keep bool   // inflated copies go to the user cache
}

func (p *published) places(o Options) []place {
	if o.Dir != "" {
		return []place{{dir: o.Dir}}
	}
	var all []place
	if p.env != "" {
		all = append(all, place{dir: p.env, note: " ($" + dirVariable + ")"})
	}
	if p.cache != "" {
		all = append(all, place{dir: p.cache, keep: true})
	}
	return append(all, place{dir: p.system, note: " (package " + p.systemPkg + ")", keep: true})
}

func (p *published) open(ctx context.Context, o Options) (*Source, error) {
	if o.Classes != 0 && o.Classes != len(p.classes) {
		return nil, fmt.Errorf("%s has %d classes, not %d (classes are for dataset %q)", p.name, len(p.classes), o.Classes, IDX)
	}
	var tried []string
	for _, at := range p.places(o) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		src, err := p.openAt(at, o)
		if err == nil {
			return src, nil
		}
		if o.Dir != "" {
			return nil, fmt.Errorf("%s: %s: %w; another data set in this format needs --dataset %s", p.name, o.Dir, err, IDX)
		}
		if !isMissing(err) || at.dir == p.env {
			o.logf("%s: %s%s: %v; looking further", p.name, at.dir, at.note, err)
		}
		tried = append(tried, fmt.Sprintf("%s%s: %v", at.dir, at.note, err))
	}
	if p.cacheErr != nil {
		tried = append(tried, p.cacheErr.Error())
	}
	if !o.Download {
		return nil, p.notFound(append(tried, "not downloaded: download is off"))
	}
	dir, err := p.fetch(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, p.notFound(append(tried, err.Error()))
	}
	src, err := p.openAt(place{dir: dir, keep: true}, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", p.name, dir, err)
	}
	return src, nil
}

func (p *published) openAt(at place, o Options) (*Source, error) {
	files := readFiles(at.dir, &p.sums)
	if err := firstError(at.dir, files); err != nil {
		return nil, err
	}
	src, err := assemble(p.name, at.dir, files, len(p.classes))
	if err != nil {
		return nil, err
	}
	src.ClassNames = p.classes
	if at.keep && p.cache != "" {
		if err := p.keep(files); err != nil {
			o.logf("%s: no uncompressed copy kept, later starts inflate again: %v", p.name, err)
		}
	}
	return src, nil
}

// keep writes into the cache the files that had to be inflated. They are verified at every reading, so this does not
// wait for the disk: a copy lost in a crash is made again.
func (p *published) keep(files [4]file) error {
	for i, f := range files {
		if !f.zipped {
			continue
		}
		if err := os.MkdirAll(p.cache, 0o755); err != nil {
			return err
		}
		err := atomicfile.Write(filepath.Join(p.cache, stems[i]), func(w io.Writer) error {
			_, err := w.Write(f.idx.raw)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *published) notFound(tried []string) error {
	return fmt.Errorf("%s not found: %s; what helps: apt install %s, or make data, "+
		"or --data-dir DIR with the four files, or https_proxy and http_proxy if a proxy leads outside",
		p.name, strings.Join(tried, "; "), p.systemPkg)
}
