package data

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"resnet/data/atomicfile"
	"resnet/data/terminal"
)

// archive is one file on the web that has all files of a data set, or of several.
type archive struct {
	name   string // "cifar-10-binary.tar.gz"; .zip is the other kind
	shared bool   // it has other data sets' files, too, and stays where it was downloaded to
	content
}

// fetchArchive downloads the archive, unless it is there, and unpacks the data set's files.
func (s *store) fetchArchive(ctx context.Context, o Options, d download, mirrors []string, dir string) error {
	path := filepath.Join(dir, s.archive.name)
	if err := s.archive.lies(path); err != nil {
		if err := s.fetchFile(ctx, o, d, mirrors, path, s.archive.content); err != nil {
			return err
		}
	}
	if err := s.unpack(ctx, path, s.inside(dir)); err != nil {
		return fmt.Errorf("fetch: %s: %w", s.archive.name, err)
	}
	if s.archive.shared {
		return nil
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	return nil
}

// lies returns nil if the file at path is the archive.
func (a *archive) lies(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != a.size {
		return errNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return a.verify(f)
}

// unpack writes the data set's files of an archive, plain or .gz, into dir. A file is only looked for by the last part
// of its name, so no name in the archive leads out of dir. What is more in the archive is passed over.
func (s *store) unpack(ctx context.Context, archive, dir string) error {
	left := slices.Clone(s.form().names)
	err := members(archive, func(name string, r io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		base := path.Base(name)
		i := slices.Index(left, strings.TrimSuffix(base, ".gz"))
		if i < 0 || base == "" {
			return nil
		}
		want := s.files[slices.Index(s.form().names, left[i])]
		left = slices.Delete(left, i, i+1)
		if err := unpackFile(filepath.Join(dir, base), r, want); err != nil {
			return fmt.Errorf("%s: %w", terminal.Printable(base), err)
		}
		return nil
	})
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("no %s in it", strings.Join(left, ", "))
	}
	return err
}

// unpackFile writes a file of an archive and verifies what it writes.
func unpackFile(path string, r io.Reader, want content) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		v := newVerifier(want)
		_, err := io.Copy(io.MultiWriter(w, v), io.LimitReader(r, want.maxCompressed()+1))
		if verified := v.finish(); err == nil {
			err = verified
		}
		return err
	})
}

// members calls take with each regular file of an archive.
func members(archive string, take func(name string, r io.Reader) error) error {
	if strings.HasSuffix(archive, ".zip") {
		return zipMembers(archive, take)
	}
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("damaged gzip data: %w", err)
	}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("damaged tar archive: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := take(h.Name, tr); err != nil {
			return err
		}
	}
}

func zipMembers(archive string, take func(name string, r io.Reader) error) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("damaged zip archive: %w", err)
	}
	defer z.Close()
	for _, m := range z.File {
		if !m.Mode().IsRegular() {
			continue
		}
		r, err := m.Open()
		if err != nil {
			return fmt.Errorf("damaged zip archive: %w", err)
		}
		err = take(m.Name, r)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
