package data

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"resnet/data/atomicfile"
)

// published is a data set in MNIST's format that the web offers and whose content is known beforehand.
type published struct {
	Dataset
	files     [4]content // in the order of stems
	system    string     // directory of the operating system's package; empty where there is none
	systemPkg string     // name of that package
	mirrors   []string   // URLs to which a file's name is appended
}

func (p published) open(ctx context.Context, o Options) (*Source, error) {
	return p.store().open(ctx, o)
}
func (p published) fetch(ctx context.Context, o Options) (string, error) {
	return p.store().fetch(ctx, o)
}
func (p published) describe(ctx context.Context, o Options) (*Info, error) {
	return p.store().describe(ctx, o)
}

// store is where the files of a published data set may be: directories of this machine, and the web.
type store struct {
	published
	env      string // directory from the environment, or empty
	cache    string // directory in the user's cache, or empty with cacheErr set
	cacheErr error
	client   *http.Client
	stall    time.Duration // a transfer that brings nothing for so long is given up
}

// store returns the places that the environment names at the time of the call.
func (p published) store() *store {
	p.Classes = slices.Clone(p.Classes) // the caller of Open may change them
	s := &store{
		published: p,
		env:       os.Getenv(dirVariable),
		client:    newClient(),
		stall:     30 * time.Second,
	}
	root, err := os.UserCacheDir()
	if err != nil {
		s.cacheErr = fmt.Errorf("no user cache directory: %w", err)
	} else {
		s.cache = filepath.Join(root, "resnet", p.Name)
	}
	return s
}

// place is a directory where a published data set may be.
type place struct {
	dir  string
	note string // where the directory is named, for messages
	keep bool   // inflated copies go to the user cache
}

// places lists the directories of this machine to look at, the preferred one first.
func (s *store) places(o Options) []place {
	if o.Dir != "" {
		return []place{{dir: o.Dir}}
	}
	var all []place
	if s.env != "" {
		all = append(all, place{dir: s.env, note: " ($" + dirVariable + ")"})
	}
	if s.cache != "" {
		all = append(all, place{dir: s.cache, keep: true})
	}
	if s.system != "" {
		all = append(all, place{dir: s.system, note: " (package " + s.systemPkg + ")", keep: true})
	}
	return all
}

// check refuses options that have a meaning for files of one's own only.
func (s *store) check(o Options) error {
	if o.Classes != 0 && o.Classes != len(s.Classes) {
		return fmt.Errorf("%s has %d classes, not %d (classes are for dataset %q)",
			s.Name, len(s.Classes), o.Classes, IDX)
	}
	if o.Transpose {
		return fmt.Errorf("%s has its images upright (transpose is for dataset %q)", s.Name, IDX)
	}
	return nil
}

func (s *store) open(ctx context.Context, o Options) (*Source, error) {
	if err := s.check(o); err != nil {
		return nil, err
	}
	var tried []string
	for _, at := range s.places(o) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		src, err := s.openAt(at, o)
		if err == nil {
			return src, nil
		}
		if o.Dir != "" {
			return nil, fmt.Errorf("%s: %s: %w; another data set in this format needs --dataset %s",
				s.Name, o.Dir, err, IDX)
		}
		if !isMissing(err) || at.dir == s.env {
			o.logf("%s: %s%s: %v; looking further", s.Name, at.dir, at.note, err)
		}
		tried = append(tried, fmt.Sprintf("%s%s: %v", at.dir, at.note, err))
	}
	if s.cacheErr != nil {
		tried = append(tried, s.cacheErr.Error())
	}
	if !o.Download {
		return nil, s.notFound(append(tried, "not downloaded: download is off"))
	}
	dir, err := s.fetch(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, s.notFound(append(tried, err.Error()))
	}
	src, err := s.openAt(place{dir: dir, keep: true}, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.Name, dir, err)
	}
	return src, nil
}

func (s *store) openAt(at place, o Options) (*Source, error) {
	files := readFiles(at.dir, &s.files)
	if err := firstError(at.dir, files); err != nil {
		return nil, err
	}
	src, err := assemble(s.Name, at.dir, files, Options{Classes: len(s.Classes)})
	if err != nil {
		return nil, err
	}
	src.ClassNames = s.Classes
	if at.keep && s.cache != "" {
		if err := s.keep(files); err != nil {
			o.logf("%s: no uncompressed copy kept, later starts inflate again: %v", s.Name, err)
		}
	}
	return src, nil
}

// keep writes the files that had to be inflated into the cache. They are verified whenever they are read, so this does
// not wait for the disk: a copy lost in a crash is made again.
func (s *store) keep(files [4]file) error {
	for i, f := range files {
		if !f.zipped {
			continue
		}
		if err := os.MkdirAll(s.cache, 0o755); err != nil {
			return err
		}
		atomicfile.RemoveStale(atomicfile.OS, s.cache, stems[i])
		err := atomicfile.Write(filepath.Join(s.cache, stems[i]), func(w io.Writer) error {
			_, err := w.Write(f.idx.raw)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *store) describe(ctx context.Context, o Options) (*Info, error) {
	if err := s.check(o); err != nil {
		return nil, err
	}
	var first *Info
	var tried []string
	for _, at := range s.places(o) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		files := readFiles(at.dir, &s.files)
		err := firstError(at.dir, files)
		if err == nil {
			return newInfo(s.Name, at.dir, files, Options{Classes: len(s.Classes)}, s.Classes), nil
		}
		tried = append(tried, fmt.Sprintf("%s%s: %v", at.dir, at.note, err))
		if first == nil && anyPresent(files) {
			first = newInfo(s.Name, at.dir, files, Options{Classes: len(s.Classes)}, s.Classes)
		}
	}
	if first == nil {
		return nil, s.notFound(tried)
	}
	return first, nil
}

// notFound says where the data set was looked for, with the reasons in tried, and what the user can do.
func (s *store) notFound(tried []string) error {
	help := "--data-dir DIR with the four files, or https_proxy and http_proxy if a proxy leads outside"
	if s.systemPkg != "" {
		help = "apt install " + s.systemPkg + ", or make data, or " + help
	}
	return fmt.Errorf("%s not found: %s; what helps: %s", s.Name, strings.Join(tried, "; "), help)
}
