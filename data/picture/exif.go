package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Tags of TIFF 6.0, which EXIF shares.
const (
	tagCompression  = 259
	tagPhotometric  = 262
	tagFillOrder    = 266
	tagOrientation  = 274
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagPlanar       = 284
	tagT4Options    = 292
	tagTileWidth    = 322
	tagTileHeight   = 323
	tagExtraSamples = 338
)

// maxFields bounds the fields of a directory; a camera writes a few dozen.
const maxFields = 1024

// field is one of a directory of TIFF or EXIF. Its value is meant where there is one, a whole number; the place of
// several stands there too.
type field struct{ count, value uint32 }

var errNotTIFF = errors.New("not the header of a TIFF")

// directory reads the first directory of a TIFF file or of EXIF data. A field that appears twice counts the first time.
func directory(r io.ReaderAt) (map[uint16]field, error) {
	var head [8]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, err
	}
	var order binary.ByteOrder
	switch string(head[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil, errNotTIFF
	}
	at := int64(order.Uint32(head[4:]))
	var n [2]byte
	if _, err := r.ReadAt(n[:], at); err != nil {
		return nil, err
	}
	fields := make(map[uint16]field)
	for i := range min(int64(order.Uint16(n[:])), maxFields) {
		var entry [12]byte // tag, type, count, value or its place
		if _, err := r.ReadAt(entry[:], at+2+12*i); err != nil {
			return fields, err
		}
		tag := order.Uint16(entry[:])
		if _, again := fields[tag]; again {
			continue
		}
		f := field{count: order.Uint32(entry[4:])}
		switch order.Uint16(entry[2:]) {
		case 1: // BYTE
			f.value = uint32(entry[8])
		case 3: // SHORT
			f.value = uint32(order.Uint16(entry[8:]))
		case 4: // LONG
			f.value = order.Uint32(entry[8:])
		}
		fields[tag] = f
	}
	return fields, nil
}

// orientationOf returns the orientation in EXIF data, 1 to 8, or 0 if they do not say. The data may be damaged: a
// picture that cannot be turned is still a picture.
func orientationOf(exif []byte) int {
	fields, _ := directory(bytes.NewReader(bytes.TrimPrefix(exif, []byte("Exif\x00\x00"))))
	return validOrientation(fields[tagOrientation])
}

func validOrientation(f field) int {
	if f.count == 1 && f.value >= 1 && f.value <= 8 {
		return int(f.value)
	}
	return 0
}
