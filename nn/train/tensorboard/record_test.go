package tensorboard

import (
	"bytes"
	"testing"
)

// checksum computes CRC-32C bit by bit: reflected, polynomial 0x1edc6f41.
func checksum(p []byte) uint32 {
	c := ^uint32(0)
	for _, b := range p {
		c ^= uint32(b)
		for range 8 {
			c = c>>1 ^ 0x82f63b78&-(c&1)
		}
	}
	return ^c
}

// unmasked is the inverse of the mask of maskedCRC.
func unmasked(m uint32) uint32 {
	m -= 0xa282ead8
	return m<<15 | m>>17
}

// The examples of RFC 3720, appendix B.4, and the usual check value.
func TestMaskedCRC(t *testing.T) {
	ascending := make([]byte, 32)
	for i := range ascending {
		ascending[i] = byte(i)
	}
	for want, p := range map[uint32][]byte{
		0x8a9136aa: make([]byte, 32),
		0x62a8ab43: bytes.Repeat([]byte{0xff}, 32),
		0x46dd794e: ascending,
		0xe3069283: []byte("123456789"),
	} {
		if got := unmasked(maskedCRC(p)); got != want || checksum(p) != want {
			t.Errorf("CRC of %x is %08x, and %08x bit by bit, want %08x", p, got, checksum(p), want)
		}
	}
}

func TestRecords(t *testing.T) {
	want := [][]byte{{}, []byte("a"), bytes.Repeat([]byte("ten bytes "), 1000)}
	var file []byte
	for _, data := range want {
		file = appendRecord(file, data)
	}
	if n := 3*16 + 1 + 10_000; len(file) != n {
		t.Errorf("%d bytes, want %d", len(file), n)
	}
	got := records(t, file)
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("record %d: %d bytes that differ from the %d written", i, len(got[i]), len(want[i]))
		}
	}
}
