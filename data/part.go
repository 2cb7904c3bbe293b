package data

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
)

// A part is the path of an unfinished transfer. Beside it is a note with the URL and the validator (ETag or
// Last-Modified) of the whole, so that only the same content from the same URL is continued.
type part string

func (p part) note() string { return string(p) + ".from" }

// open opens a part for writing from byte have on. For a new part it first notes where the content comes from.
func (p part) open(url string, have int64, h http.Header) (*os.File, error) {
	if have > 0 {
		return os.OpenFile(string(p), os.O_WRONLY|os.O_APPEND, 0)
	}
	if err := p.discard(); err != nil {
		return nil, err
	}
	if v := validator(h); v != "" {
		if err := os.WriteFile(p.note(), []byte(url+"\n"+v+"\n"), 0o644); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(string(p), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// validator is what a server calls this version of its content, "" if it does not say.
func validator(h http.Header) string {
	// A weak ETag promises equal meaning, not equal bytes.
	if v := h.Get("ETag"); v != "" && !strings.HasPrefix(v, "W/") {
		return v
	}
	return h.Get("Last-Modified")
}

// resumable returns how many bytes of url are in the part, 0 if none are, and the validator of the content they belong
// to. Anything but two regular files is no part.
func (p part) resumable(url string) (have int64, validator string) {
	const maxNote = 1 << 12
	for _, path := range []string{p.note(), string(p)} {
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || path == p.note() && info.Size() > maxNote {
			return 0, ""
		}
		have = info.Size()
	}
	note, err := os.ReadFile(p.note())
	if err != nil {
		return 0, ""
	}
	validator, ok := parseNote(string(note), url)
	if !ok {
		return 0, ""
	}
	return have, validator
}

// parseNote returns the validator in the note of a part that came from url. It reports false for another URL's and for
// one that is damaged.
func parseNote(note, url string) (validator string, ok bool) {
	validator, ok = strings.CutPrefix(note, url+"\n")
	if !ok {
		return "", false
	}
	validator, ok = strings.CutSuffix(validator, "\n")
	sendable := func(r rune) bool { return r >= ' ' && r <= '~' }
	if !ok || validator == "" || strings.ContainsFunc(validator, func(r rune) bool { return !sendable(r) }) {
		return "", false
	}
	return validator, true
}

// discard removes a part and the note beside it.
func (p part) discard() error {
	for _, path := range []string{string(p), p.note()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// drop discards the part because of err. It returns err, or the error of discarding.
func (p part) drop(err error) error {
	if rm := p.discard(); rm != nil {
		return rm
	}
	return err
}
