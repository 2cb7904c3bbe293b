package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"resnet/data/memory/memorytest"
)

func contentOf(b []byte) content {
	sum := sha256.Sum256(b)
	return content{size: int64(len(b)), sum: hex.EncodeToString(sum[:])}
}

func TestVerify(t *testing.T) {
	good := append(header(magicLabels, 3000), noise(3000, 1)...)
	want := contentOf(good)
	changed := bytes.Clone(good)
	changed[2000] ^= 1
	crc := gzipped(t, good)
	crc[len(crc)-6] ^= 1
	for _, c := range []struct {
		name string
		in   []byte
		want string // empty: good
	}{
		{"plain", good, ""},
		{"gzip", gzipped(t, good), ""},
		{"two members", append(gzipped(t, good[:100]), gzipped(t, good[100:])...), ""},
		{"nothing", nil, "0 bytes, want 3008"},
		{"cut", good[:2999], "2999 bytes, want 3008"},
		{"cut gzip", gzipped(t, good)[:2000], "truncated: "},
		{"gzip of less", gzipped(t, good[:2999]), "2999 bytes, want 3008"},
		{"without gzip's end", gzipped(t, good)[:len(crc)-4], "bad end of the gzip data"},
		{"gzip's checksum", crc, "checksum"},
		{"more", append(bytes.Clone(good), 0), "more than the 3008 bytes"},
		{"gzip of more", gzipped(t, append(bytes.Clone(good), 0)), "more than the 3008 bytes"},
		{"another member", append(gzipped(t, good), gzipped(t, good)...), "more than the 3008 bytes"},
		{"garbage behind", append(gzipped(t, good), "garbage.."...), "bad end of the gzip data"},
		{"other content", gzipped(t, changed), "sha256"},
		{"gzip header only", []byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, "damaged gzip"},
	} {
		v := newVerifier(want)
		_, write := io.Copy(v, bytes.NewReader(c.in))
		err := v.finish()
		var mismatch mismatchError
		switch {
		case c.want == "" && (err != nil || write != nil):
			t.Errorf("%s: %v, %v", c.name, write, err)
		case c.want != "" && (!errors.As(err, &mismatch) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// What inflates to more than is published is neither held nor inflated to its end.
func TestVerifyIsBounded(t *testing.T) {
	bomb := gzipped(t, make([]byte, 16<<20))
	want := contentOf(make([]byte, 1<<20))
	memorytest.Limit(t, 1<<18, func() { // buffers and gzip's window
		r := bytes.NewReader(bomb)
		err := want.verify(r)
		if err == nil || !strings.Contains(err.Error(), "more than the 1048576 bytes") {
			t.Errorf("error %v", err)
		}
		if read := len(bomb) - r.Len(); read > 1<<17 { // a buffer of 64 KiB more than the 1 kB of 1 MiB
			t.Errorf("read %d of %d bytes", read, len(bomb))
		}
	})
}

// FuzzVerify compares with the reader: what verifies reads as it was published.
func FuzzVerify(f *testing.F) {
	good := append(header(magicLabels, 100), ramp(100)...)
	want := contentOf(good)
	members := append(gzipped(f, good[:9]), gzipped(f, good[9:])...)
	for _, seed := range [][]byte{good, gzipped(f, good), gzipped(f, good)[:40], members} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		l := limits{room: &room{left: 1 << 20}, want: &want}
		x, read := readIDX(bytes.NewReader(in), magicLabels, l)
		if verified := want.verify(bytes.NewReader(in)); verified == nil && (read != nil || !bytes.Equal(x.raw, good)) {
			t.Fatalf("verified, but reading it: %v", read)
		} else if verified != nil && read == nil && bytes.Equal(x.raw, good) {
			t.Fatalf("read as published, but verifying it: %v", verified)
		}
	})
}
