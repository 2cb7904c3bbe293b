package tensorboard

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"

	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of Event for what happened; an event has one of them.
const (
	eventFileVersion protowire.Number = 3
	eventGraph       protowire.Number = 4
	eventSummary     protowire.Number = 5
	eventSessionLog  protowire.Number = 7
)

// The kinds of value of a Summary.
const (
	valueScalar    protowire.Number = 2 // simple_value
	valueImage     protowire.Number = 4
	valueHistogram protowire.Number = 5
	valueTensor    protowire.Number = 8
)

// sessionStart is SessionLog.START.
const sessionStart = 1

// Members of DataClass, the way TensorBoard stores the values of a tag.
const (
	classScalar = 1
	classTensor = 2
)

// Members of DataType.
const (
	typeFloat  = 1
	typeString = 7
)

// metadata describes a tag and names the plugin that shows it.
type metadata struct {
	plugin      string
	content     []byte // defined by the plugin
	description string // Markdown
	class       int64
}

func (d *metadata) encode() (m message) {
	var plugin message
	plugin.string(1, d.plugin)
	plugin.bytes(2, d.content)
	m.bytes(1, plugin)
	m.string(3, d.description)
	m.int(4, d.class)
	return m
}

// tagged begins a Summary.Value, to which the caller adds the value itself.
func tagged(tag string, d *metadata) (m message) {
	m.string(1, tag)
	if d != nil {
		m.bytes(9, d.encode())
	}
	return m
}

// encodeTensor returns a one-dimensional TensorProto.
func encodeTensor(dtype int64, strings ...string) (m message) {
	var dim, shape message
	dim.int(1, int64(len(strings)))
	shape.bytes(2, dim)
	m.int(1, dtype)
	m.bytes(2, shape)
	for _, s := range strings {
		m.string(8, s)
	}
	return m
}

// encodeImage returns a Summary.Image that holds a PNG file.
func encodeImage(file []byte) (m message, err error) {
	c, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%d bytes that are no PNG file: %w", len(file), err)
	}
	channels := int64(3)
	switch c.ColorModel {
	case color.GrayModel, color.Gray16Model:
		channels = 1
	case color.NRGBAModel, color.NRGBA64Model:
		channels = 4
	}
	m.int(1, int64(c.Height))
	m.int(2, int64(c.Width))
	m.int(3, channels)
	m.bytes(4, file)
	return m, nil
}
