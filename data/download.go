package data

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

var errStalled = errors.New("nothing came")

// download transfers files over HTTP into parts, which a later transfer continues (RFC 9110, section 14). By If-Range
// the server decides whether its content is still the same. What arrives is verified on the way: nothing is kept of
// what is not the published file, and no more is taken than that can have.
type download struct {
	client   *http.Client
	stall    time.Duration // a transfer that brings next to nothing for so long is given up
	progress func(file string, done, total int64)
}

// trickle is how many bytes must come within download.stall.
const trickle = 4096

// newClient returns a client that follows redirects as far as a mirror may need them.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 1 << 16,
			ForceAttemptHTTP2:      true,
			DisableKeepAlives:      true, // what a server sends beyond an answer would be logged to stderr
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			const most = 5
			switch last := via[len(via)-1].URL; {
			case len(via) > most:
				return fmt.Errorf("more than %d redirects (a loop?)", most)
			case req.URL.Scheme != "https" && req.URL.Scheme != "http":
				return fmt.Errorf("redirect to scheme %q, want https or http", req.URL.Scheme)
			case last.Scheme == "https" && req.URL.Scheme == "http":
				return fmt.Errorf("redirect from https to http (%s)", req.URL.Host)
			}
			return nil
		},
	}
}

// get transfers url into p, continuing it if it can, and verifies the whole. After an error, again says whether another
// try may do better: something came, or a useless part was discarded.
func (d download) get(ctx context.Context, url string, p part, want content) (again bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(d.stall, func() { cancel(errStalled) })
	defer watchdog.Stop()

	have, validator := p.resumable(url)
	resp, err := d.request(ctx, url, have, validator)
	if err != nil {
		return false, d.explain(ctx, err)
	}
	defer resp.Body.Close()
	body := bufio.NewReader(resp.Body)
	switch resp.StatusCode {
	case http.StatusPartialContent:
		if err := continues(resp, have, validator); err != nil {
			return have > 0, p.drop(err)
		}
	case http.StatusOK:
		have = 0
		if err := refuse(resp, body); err != nil { // before the part is given up for it
			return false, err
		}
	case http.StatusRequestedRangeNotSatisfiable:
		return have > 0, p.drop(fmt.Errorf("status %s for bytes from %d on", resp.Status, have))
	default:
		return false, fmt.Errorf("status %s", resp.Status)
	}
	total := int64(-1)
	if resp.ContentLength >= 0 {
		total = have + resp.ContentLength
	}
	if most := want.maxCompressed(); total > most {
		return false, fmt.Errorf("%d bytes, want at most %d for the %d that are published", total, most, want.size)
	}

	resumed, came := have > 0, int64(0)
	count := tick(func(n int) {
		have, came, again = have+int64(n), came+int64(n), true
		if came >= trickle {
			watchdog.Reset(d.stall)
			came = 0
		}
		d.progress(name(url), have, total)
	})
	err = p.receive(io.TeeReader(body, count), url, have, resp.Header, want)
	var mismatch mismatchError
	var local *fs.PathError
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &mismatch): // an older part may have been damaged: then again from the start
		return resumed, p.drop(err)
	case errors.As(err, &local):
		return false, err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return again, fmt.Errorf("broke off after %d of %d bytes", have, total)
	case errors.Is(context.Cause(ctx), errStalled) && came > 0:
		return again, fmt.Errorf("no more than %d bytes came in %v", came, d.stall)
	}
	return again, d.explain(ctx, err)
}

// request asks for url from byte have on, if it is still the content that validator names.
func (d download) request(ctx context.Context, url string, have int64, validator string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "identity") // the .gz as it is, not unpacked on the way
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		req.Header.Set("If-Range", validator)
	}
	return d.client.Do(req)
}

// continues checks that a partial answer is what was asked for.
func continues(resp *http.Response, have int64, was string) error {
	want := fmt.Sprintf("bytes %d-", have)
	if r := resp.Header.Get("Content-Range"); have == 0 || !strings.HasPrefix(r, want) {
		return fmt.Errorf("content-range %q, want %q", r, want)
	}
	if now := validator(resp.Header); strings.HasPrefix(was, `"`) && strings.HasPrefix(now, `"`) && now != was {
		return fmt.Errorf("etag %s, want %s as before", now, was)
	}
	return nil
}

// refuse returns an error for an answer that is something else than a data set's file, such as the login page of a
// network.
func refuse(resp *http.Response, body *bufio.Reader) error {
	lead, _ := body.Peek(4)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || strings.HasPrefix(string(lead), "<") {
		return errors.New("a web page in place of the file (does this network want a login in a browser first?)")
	}
	return nil
}

// receive appends what comes to the part and verifies the whole.
func (p part) receive(body io.Reader, url string, have int64, h http.Header, want content) (err error) {
	f, err := p.open(url, have, h)
	if err != nil {
		return err
	}
	defer f.Close()
	v := newVerifier(want)
	most := want.maxCompressed()
	if err = p.copyTo(v, have); err == nil {
		_, err = io.CopyN(io.MultiWriter(f, v), body, most-have+1)
		switch {
		case err == nil:
			err = fmt.Errorf("more than %d bytes, the most for the %d that are published", most, want.size)
			err = mismatchError{err}
		case errors.Is(err, io.EOF): // before the limit, as it should be
			err = nil
		}
	}
	verified := v.finish()
	if err != nil {
		return err
	}
	if verified != nil {
		return verified
	}
	return f.Sync()
}

// copyTo writes the first n bytes of the part to w.
func (p part) copyTo(w io.Writer, n int64) error {
	if n == 0 {
		return nil
	}
	f, err := os.Open(string(p))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(w, f, n)
	return err
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
