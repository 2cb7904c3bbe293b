package data

import (
	"cmp"
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

// published is a data set that the web offers and whose content is known beforehand.
type published struct {
	Dataset
	layout
	files     []content // in the layout's order
	archive   archive   // with all the files, where the web has no other
	cached    string    // its folder in the user's cache; empty: the data set's name
	system    string    // directory of the operating system's package; empty where there is none
	systemPkg string    // name of that package
	mirrors   []string  // URLs to which a file's or the archive's name is appended
}

// recognise implements entry: the marking file must have the published content.
func (p published) recognise(dir string) string {
	if p.isMarked(p.inside(dir), p.files[p.mark()]) {
		return p.form().names[p.mark()]
	}
	return ""
}

// inside returns the folder in dir that the archive makes, or dir where there is none.
func (p published) inside(dir string) string {
	if folder := p.form().folder; folder != "" {
		if info, err := os.Stat(filepath.Join(dir, folder)); err == nil && info.IsDir() {
			return filepath.Join(dir, folder)
		}
	}
	return dir
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
		s.cache = filepath.Join(root, "resnet", cmp.Or(p.cached, p.Name))
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
			s.Name, len(s.Classes), o.Classes, s.form().any)
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
				s.Name, o.Dir, err, s.form().any)
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
	dir := s.inside(at.dir)
	files := s.read(dir, s.files)
	if err := firstError(dir, s.form(), files); err != nil {
		return nil, err
	}
	src, err := s.assemble(s.Name, dir, files, Options{Classes: len(s.Classes)})
	if err != nil {
		return nil, err
	}
	src.ClassNames, src.Mean, src.Std = s.Classes, s.Mean, s.Std
	for _, f := range files {
		if !f.verified {
			src.note("%s: held to its size and header alone, as no checksum of it is published", f.name())
		}
	}
	if at.keep && s.cache != "" {
		if err := s.keep(files); err != nil {
			o.logf("%s: no uncompressed copy kept, later starts inflate again: %v", s.Name, err)
		}
	}
	return src, nil
}

// keep writes the files that had to be inflated into the cache. They are verified whenever they are read, so this does
// not wait for the disk: a copy lost in a crash is made again.
func (s *store) keep(files []file) error {
	names := s.form().names
	for i, f := range files {
		if !f.zipped || s.files[i].sum == "" { // which could not be verified again
			continue
		}
		if err := os.MkdirAll(s.cache, 0o755); err != nil {
			return err
		}
		atomicfile.RemoveStale(atomicfile.OS, s.cache, names[i])
		err := atomicfile.Write(filepath.Join(s.cache, names[i]), func(w io.Writer) error {
			_, err := w.Write(f.raw)
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
		dir := s.inside(at.dir)
		files := s.read(dir, s.files)
		describe := func() *Info {
			return newInfo(s.Name, dir, s, files, Options{Classes: len(s.Classes)}, s.Classes)
		}
		err := firstError(dir, s.form(), files)
		if err == nil {
			return describe(), nil
		}
		tried = append(tried, fmt.Sprintf("%s%s: %v", at.dir, at.note, err))
		if first == nil && anyPresent(files) {
			first = describe()
		}
	}
	if first == nil {
		return nil, s.notFound(tried)
	}
	return first, nil
}

// notFound says where the data set was looked for, with the reasons in tried, and what the user can do.
func (s *store) notFound(tried []string) error {
	help := "--data-dir DIR with " + s.form().wanted + ", or https_proxy and http_proxy if a proxy leads outside"
	if s.systemPkg != "" {
		help = "apt install " + s.systemPkg + ", or make data, or " + help
	}
	return fmt.Errorf("%s not found: %s; what helps: %s", s.Name, strings.Join(tried, "; "), help)
}
