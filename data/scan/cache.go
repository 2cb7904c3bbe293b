package scan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"resnet/data/atomicfile"
	"resnet/data/memory"
	"resnet/data/picture"
)

// A cache is a line, an entry after another, and the SHA-256 of all before it. An entry has, each number as a varint:
//
//	path, bytes and modification time, whether decoded, fault,
//	format, width, height, orientation, mode, memory, SHA-256, problem
//
// Texts stand behind their length. A cache of another version of the program, or of a Go whose decoders may judge
// otherwise, is not read.
var cacheLine = "resnet scan cache 1, " + runtime.Version() + "\n"

const (
	maxCache = 2e9 // bytes; 10 million pictures
	maxText  = 1 << 16
)

// settle is how long ago a file must have changed to be kept: one that changes again within the time that the file
// system distinguishes would look the same.
const settle = 2 * time.Second

// stamp tells whether a file is the one that was looked at.
type stamp struct{ bytes, modified int64 }

func stampOf(info os.FileInfo) stamp { return stamp{info.Size(), info.ModTime().UnixNano()} }

func (s stamp) settled(at time.Time) bool { return at.UnixNano()-s.modified > int64(settle) }

type entry struct {
	stamp
	Image
}

// CacheFile returns the place of the cache of a data set, which is known by the path of its folder or manifest.
func CacheFile(dataset string) (string, error) {
	root, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path, err := filepath.Abs(dataset)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	sum := sha256.Sum256([]byte(path))
	return filepath.Join(root, "resnet", "scan", hex.EncodeToString(sum[:8])), nil
}

// readCache returns what a cache holds by path, nothing if there is none or it is damaged.
func readCache(path string) map[string]entry {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxCache || memory.Fits(3*info.Size()) != nil {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return parseCache(b)
}

// parseCache returns the entries of a cache's content, nil if anything is wrong with it.
func parseCache(b []byte) map[string]entry {
	end := len(b) - sha256.Size
	if end < len(cacheLine) || string(b[:len(cacheLine)]) != cacheLine || sha256.Sum256(b[:end]) != [32]byte(b[end:]) {
		return nil
	}
	r := decoder{rest: b[len(cacheLine):end], texts: map[string]string{}}
	entries := map[string]entry{}
	for len(r.rest) > 0 && !r.bad {
		path := r.text()
		entries[path] = r.entry()
	}
	if r.bad {
		return nil
	}
	return entries
}

// decoder reads an entry's parts. After the first that is damaged it returns zeros.
type decoder struct {
	rest  []byte
	texts map[string]string // each format and problem once
	bad   bool
}

func (r *decoder) number() int64 {
	n, length := binary.Varint(r.rest)
	if length <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[length:]
	return n
}

// below is a number from 0 to less than limit.
func (r *decoder) below(limit int64) int64 {
	n := r.number()
	if n < 0 || n >= limit {
		r.bad = true
		return 0
	}
	return n
}

func (r *decoder) bytes(n int64) []byte {
	if n > int64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *decoder) text() string { return string(r.bytes(r.below(maxText))) }

// shared is a text that many entries have.
func (r *decoder) shared() string {
	b := r.bytes(r.below(maxText))
	s, ok := r.texts[string(b)]
	if !ok {
		s = string(b)
		r.texts[s] = s
	}
	return s
}

func (r *decoder) entry() (e entry) {
	e.bytes, e.modified = r.number(), r.number()
	e.Bytes = e.bytes
	e.Decoded = r.below(2) == 1
	e.Fault = picture.Fault(r.below(int64(picture.TooLarge)))
	e.Format = r.shared()
	e.Width, e.Height = int(r.below(1<<31)), int(r.below(1<<31))
	e.Orientation, e.Mode = int(r.below(9)), picture.Mode(r.below(1<<8))
	e.Memory = r.number()
	copy(e.Sum[:], r.bytes(int64(len(e.Sum))))
	e.Problem = r.shared()
	return e
}

// appendTo writes what entry reads.
func (e *entry) appendTo(b []byte) []byte {
	text := func(s string) { b = append(binary.AppendVarint(b, int64(len(s))), s...) }
	number := func(n int64) { b = binary.AppendVarint(b, n) }
	number(e.bytes)
	number(e.modified)
	number(int64(btoi(e.Decoded)))
	number(int64(e.Fault))
	text(e.Format)
	number(int64(e.Width))
	number(int64(e.Height))
	number(int64(e.Orientation))
	number(int64(e.Mode))
	number(e.Memory)
	b = append(b, e.Sum[:]...)
	text(e.Problem)
	return b
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// save writes the cache if anything is new. A cache that cannot be written is no error.
func (s *scanner) save() {
	if s.Cache == "" || s.fresh.Load() == 0 {
		return
	}
	err := os.MkdirAll(filepath.Dir(s.Cache), 0o777)
	if err == nil {
		err = atomicfile.Write(s.Cache, s.writeCache)
	}
	if err != nil && s.Log != nil {
		s.Log("scan: not kept for the next time: %v", err)
	}
}

func (s *scanner) writeCache(w io.Writer) error {
	sum := sha256.New()
	out := io.MultiWriter(w, sum)
	if _, err := io.WriteString(out, cacheLine); err != nil {
		return err
	}
	written := int64(len(cacheLine))
	var b bytes.Buffer
	for i, x := range s.set.Samples {
		e := entry{s.stamps[i], s.images[i]}
		if e.stamp == (stamp{}) || len(x.Path) >= maxText || len(e.Problem) >= maxText {
			continue
		}
		b.Reset()
		b.Write(binary.AppendVarint(b.AvailableBuffer(), int64(len(x.Path))))
		b.WriteString(x.Path)
		b.Write(e.appendTo(b.AvailableBuffer()))
		if written += int64(b.Len()); written+sha256.Size > maxCache {
			break
		}
		if _, err := out.Write(b.Bytes()); err != nil {
			return err
		}
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}
