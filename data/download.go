package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// maxDownload bounds a file on the web: ten times the largest of Fashion-MNIST.
const maxDownload = 256 << 20

var errStalled = errors.New("nothing came")

// download transfers files over HTTP into .part files, which a later transfer continues (RFC 9110, section 14). Beside
// the .part is a .part.from with the URL and the validator (ETag or Last-Modified) of the whole: only the same content
// from the same URL is continued. The server decides that by If-Range.
type download struct {
	client   *http.Client
	stall    time.Duration
	progress func(file string, done, total int64)
}

// received tells how a transfer went, also when it failed.
type received struct {
	resumed bool // appended to an older part
	again   bool // another try may do better: something came, or a useless part was discarded
}

// get transfers url into the file part, continuing it if it can.
func (d download) get(ctx context.Context, url, part string) (received, error) {
	var got received
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(d.stall, func() { cancel(errStalled) })
	defer watchdog.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return got, reason(err)
	}
	req.Header.Set("Accept-Encoding", "identity") // the .gz as it is, not unpacked on the way
	have, validator := resumable(part, url)
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		req.Header.Set("If-Range", validator)
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return got, d.explain(ctx, err)
	}
	defer resp.Body.Close()

	switch resp.StatusCode {
	case http.StatusPartialContent:
		want := fmt.Sprintf("bytes %d-", have)
		if r := resp.Header.Get("Content-Range"); have == 0 || !strings.HasPrefix(r, want) {
			got.again = have > 0
			return got, drop(part, fmt.Errorf("content-range %q, want %q", r, want))
		}
		got.resumed = true
	case http.StatusOK:
		have = 0
	case http.StatusRequestedRangeNotSatisfiable:
		got.again = have > 0
		return got, drop(part, fmt.Errorf("status %s for bytes from %d on", resp.Status, have))
	default:
		return got, fmt.Errorf("status %s", resp.Status)
	}
	total := int64(-1)
	if resp.ContentLength >= 0 {
		total = have + resp.ContentLength
	}
	if total > maxDownload {
		return got, fmt.Errorf("%d bytes, want at most %d", total, int64(maxDownload))
	}

	f, err := openPart(part, url, have, resp.Header)
	if err != nil {
		return got, err
	}
	defer f.Close()
	body := io.TeeReader(resp.Body, tick(func(n int) {
		watchdog.Reset(d.stall)
		got.again = true
		have += int64(n)
		d.progress(name(url), have, total)
	}))
	_, err = io.Copy(f, io.LimitReader(body, maxDownload-have+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return got, fmt.Errorf("broke off after %d of %d bytes", have, total)
	case err != nil:
		return got, d.explain(ctx, err)
	case have > maxDownload:
		got.again = false
		return got, drop(part, fmt.Errorf("more than %d bytes", int64(maxDownload)))
	}
	return got, f.Sync()
}

// drop discards a part because of err. It returns err, or the error of discarding.
func drop(part string, err error) error {
	if rm := discard(part); rm != nil {
		return rm
	}
	return err
}

// openPart opens a part for writing from byte have on. For a new part it first notes where the content comes from.
func openPart(part, url string, have int64, h http.Header) (*os.File, error) {
	if have > 0 {
		return os.OpenFile(part, os.O_WRONLY|os.O_APPEND, 0)
	}
	if err := discard(part); err != nil {
		return nil, err
	}
	validator := h.Get("ETag")
	if validator == "" || strings.HasPrefix(validator, "W/") { // a weak ETag promises equal meaning, not equal bytes
		validator = h.Get("Last-Modified")
	}
	if validator != "" {
		if err := os.WriteFile(part+".from", []byte(url+"\n"+validator+"\n"), 0o644); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
}

// resumable returns how many bytes of url are in part, 0 if none are, and the validator of the content they belong to.
func resumable(part, url string) (have int64, validator string) {
	from, err := os.ReadFile(part + ".from")
	if err != nil {
		return 0, ""
	}
	lines := strings.Split(string(from), "\n")
	info, err := os.Stat(part)
	if err != nil || len(lines) != 3 || lines[0] != url {
		return 0, ""
	}
	return info.Size(), lines[1]
}

// discard removes a part and the note beside it.
func discard(part string) error {
	for _, path := range []string{part, part + ".from"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// explain words the failure of a transfer: a stall is not "context canceled".
func (d download) explain(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errStalled) {
		return fmt.Errorf("%w for %v", errStalled, d.stall)
	}
	return reason(err)
}

// reason strips the method and URL that package http puts before its errors; messages here name the URL already.
func reason(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// name returns the last element of a URL.
func name(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// tick is a writer that only counts: it is called with the number of bytes of each write.
type tick func(n int)

func (t tick) Write(p []byte) (int, error) { t(len(p)); return len(p), nil }
