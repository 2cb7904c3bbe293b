package picture

import (
	"image"
	"image/color"
	"io"

	"golang.org/x/image/tiff"
)

// Values of TIFF's fields.
const (
	tiffBlackIsZero = 1
	tiffGroup3      = 3
	tiffGroup4      = 4
)

// tiffCompressions names those that the decoder does not read.
var tiffCompressions = map[uint32]string{
	2: "CCITT run-length encoding", 6: "JPEG (old form)", 7: "JPEG", 34661: "JBIG", 34712: "JPEG 2000", 34887: "LERC",
	34925: "LZMA", 50000: "Zstandard", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL", 34892: "JPEG (DNG)",
}

// tiffColours names those that the decoder does not read.
var tiffColours = map[uint32]string{
	4: "a transparency mask", 5: "CMYK", 6: "YCbCr", 8: "CIELab", 9: "ICCLab", 10: "ITULab",
	32803: "a camera's raw data", 32844: "LogL", 32845: "LogLuv", 34892: "a camera's raw data",
}

// inspectTIFF reads the first directory of a TIFF, which is its first page.
func inspectTIFF(f *io.SectionReader) (*layout, error) {
	fields, err := directory(f)
	if err != nil {
		return nil, err
	}
	if err := checkTIFF(fields); err != nil {
		return nil, err
	}
	config, err := tiff.DecodeConfig(whole(f))
	if err != nil {
		return nil, err
	}
	l := &layout{width: config.Width, height: config.Height, orientation: validOrientation(fields[tagOrientation])}
	l.mode = tiffMode(config.ColorModel, fields[tagSamples].value)
	l.need = area(l.width, l.height)*tiffBytes(config.ColorModel) + tiffBlock(fields, l.width, l.height)
	l.decode = func() (image.Image, error) {
		m, err := tiff.Decode(whole(f))
		if grey, ok := m.(*image.Gray); ok && faxInverted(fields) {
			for i, v := range grey.Pix {
				grey.Pix[i] = 255 - v
			}
		}
		return m, err
	}
	return l, nil
}

// checkTIFF refuses what the decoder does not read, or reads as if it were something else.
func checkTIFF(fields map[uint16]field) error {
	value := func(tag uint16) uint32 { return fields[tag].value }
	samples := value(tagSamples)
	fax := value(tagCompression) == tiffGroup3 || value(tagCompression) == tiffGroup4
	what := ""
	switch {
	case tiffCompressions[value(tagCompression)] != "":
		what = "compressed by " + tiffCompressions[value(tagCompression)]
	case tiffColours[value(tagPhotometric)] != "":
		what = "of " + tiffColours[value(tagPhotometric)]
	case samples > 1 && value(tagPlanar) == 2:
		what = "with a plane for each colour"
	case samples > 4 || samples == 4 && fields[tagExtraSamples].count == 1 && value(tagExtraSamples) == 0:
		what = "with channels of unknown meaning"
	case value(tagCompression) == tiffGroup3 && value(tagT4Options)&1 != 0:
		what = "with a two-dimensional Group 3 fax"
	case value(tagFillOrder) == 2 && !fax:
		what = "whose bytes have their bits in reverse"
	default:
		return nil
	}
	return refuse("is a TIFF %s, which is not supported; convert it to PNG or JPEG", what)
}

// faxInverted tells the faxes that the decoder shows inverted. A fax codes 0 for its white runs, whichever colour the
// TIFF gives to 0; the decoder takes them for white where they are said to be black.
func faxInverted(fields map[uint16]field) bool {
	compression := fields[tagCompression].value
	return (compression == tiffGroup3 || compression == tiffGroup4) && fields[tagPhotometric].value == tiffBlackIsZero
}

// tiffBytes is what a pixel takes once it is decoded.
func tiffBytes(m color.Model) int64 {
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.RGBAModel, color.NRGBAModel:
		return 4
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	return 1 // a palette
}

// tiffMode is the mode of what the decoder returns. A fourth sample is alpha.
func tiffMode(m color.Model, samples uint32) (mode Mode) {
	switch m {
	case color.GrayModel, color.Gray16Model:
		mode |= Grey
	case color.RGBAModel, color.NRGBAModel, color.RGBA64Model, color.NRGBA64Model:
	default:
		mode |= Palette
	}
	switch m {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		mode |= Deep
	}
	if samples == 4 {
		mode |= Alpha
	}
	return mode
}

// tiffBlock bounds what the decoder holds of one strip or tile: it stops at eight bytes a pixel, and its buffer grows
// by doubling, which takes three times as much. Faxes have one bit a pixel.
func tiffBlock(fields map[uint16]field, width, height int) int64 {
	w, h, offsets := width, height, int64(0)
	if rows := fields[tagRowsPerStrip].value; rows > 0 && int64(rows) < int64(h) {
		h = int(rows)
	}
	if tile := fields[tagTileWidth].value; tile != 0 {
		w, h = int(min(tile, 2*maxSide)), int(min(fields[tagTileHeight].value, 2*maxSide))
		offsets = 24 * int64(width/w+1) * int64(height/max(h, 1)+1) // a place and a length for each tile, and as read
	}
	block := area(w, h)
	switch fields[tagCompression].value {
	case tiffGroup3, tiffGroup4:
		return offsets + block
	}
	return offsets + 3*8*block
}
