package parquet

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"resnet/data/memory"
)

// maxPage bounds a page once it is decompressed. Writers aim at 1 MB, and at a picture or a row group where those are
// larger.
const maxPage = 512 << 20

// visit calls a function for each row of the file.
func (x *shard) visit(classes int, visit func(*Row) error) error {
	var own error // of the function, which is returned as it is
	err := x.with(func(f *parquet.File) error {
		row := Row{Shard: x.path}
		for i, group := range f.RowGroups() {
			err := x.group(f, i, group, func(image []byte, path string, label int64) error {
				if row.Index == x.rows {
					return fmt.Errorf("damaged: more rows than the %d of its metadata", x.rows)
				}
				if label < 0 || label >= int64(classes) {
					return fmt.Errorf("row %d: label %d, want 0 to %d", row.Index, label, classes-1)
				}
				row.Image, row.Path, row.Class = image, path, int(label)
				own = visit(&row)
				row.Index++
				return own
			})
			if err != nil {
				return err
			}
		}
		if row.Index != x.rows {
			return fmt.Errorf("damaged: %d rows, want the %d of its metadata", row.Index, x.rows)
		}
		return nil
	})
	if own != nil {
		return own
	}
	if err != nil {
		return fmt.Errorf("parquet: %s: %w", x.path, err)
	}
	return nil
}

// group goes through a row group, its three columns side by side.
func (x *shard) group(f *parquet.File, n int, g parquet.RowGroup, row func([]byte, string, int64) error) error {
	var values [3]columnReader
	for i, path := range [][]string{x.image.bytes, x.image.path, {x.label}} {
		leaf, _ := f.Schema().Lookup(path...)
		meta := &f.Metadata().RowGroups[n].Columns[leaf.ColumnIndex].MetaData
		if err := checkPages(f, f.Size(), meta); err != nil {
			return fmt.Errorf("row group %d, column %q: %w", n, path, err)
		}
		values[i].pages = g.ColumnChunks()[leaf.ColumnIndex].Pages()
		defer values[i].close()
	}
	for i := range g.NumRows() {
		var v [3]parquet.Value
		for k := range v {
			var err error
			if v[k], err = values[k].next(); err != nil {
				return fmt.Errorf("row group %d, row %d: %w", n, i, err)
			}
		}
		if v[0].IsNull() || v[2].IsNull() {
			return fmt.Errorf("row group %d, row %d: no image or no label", n, i)
		}
		path := ""
		if !v[1].IsNull() {
			path = string(v[1].ByteArray())
		}
		label := int64(v[2].Int32())
		if v[2].Kind() == parquet.Int64 {
			label = v[2].Int64()
		}
		if err := row(v[0].ByteArray(), path, label); err != nil {
			return err
		}
	}
	return nil
}

// columnReader returns the values of a column one after another.
type columnReader struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buf    [64]parquet.Value
	have   []parquet.Value // of buf
}

// next returns a value, which is valid until the next call.
func (c *columnReader) next() (parquet.Value, error) {
	for len(c.have) == 0 {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err == io.EOF {
				return parquet.Value{}, errors.New("damaged: fewer values than rows")
			}
			if err != nil {
				return parquet.Value{}, fmt.Errorf("damaged: %w", err)
			}
			c.page, c.values = page, page.Values()
		}
		n, err := c.values.ReadValues(c.buf[:])
		c.have = c.buf[:n]
		switch {
		case err != nil && err != io.EOF:
			return parquet.Value{}, fmt.Errorf("damaged: %w", err)
		case n == 0:
			parquet.Release(c.page)
			c.page, c.values = nil, nil
		}
	}
	v := c.have[0]
	c.have = c.have[1:]
	return v, nil
}

func (c *columnReader) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.pages.Close()
}

// checkPages holds the sizes that the pages of a column claim to what is there, before the library allocates by them.
func checkPages(r io.ReaderAt, size int64, m *format.ColumnMetaData) error {
	at := m.DataPageOffset
	if m.DictionaryPageOffset > 0 {
		at = min(at, m.DictionaryPageOffset)
	}
	end := at + m.TotalCompressedSize
	if at < 4 || end < at || end > size {
		return fmt.Errorf("damaged: pages at %d to %d of %d bytes", at, end, size)
	}
	var protocol thrift.CompactProtocol
	largest := int64(0)
	head := make([]byte, 1<<16) // a header has four statistics of at most 4 kB
	for at < end {
		b := head[:min(int64(len(head)), end-at)]
		if _, err := r.ReadAt(b, at); err != nil {
			return err
		}
		in := protocol.NewReaderFromBytes(b)
		var h format.PageHeader
		if err := thrift.NewDecoder(in).Decode(&h); err != nil {
			return fmt.Errorf("damaged: header of a page: %w", err)
		}
		at += int64(in.BytesRead())
		if n := int64(h.CompressedPageSize); n < 0 || n > end-at {
			return fmt.Errorf("damaged: page of %d bytes, %d are left", n, end-at)
		}
		if n := int64(h.UncompressedPageSize); n < 0 || n > maxPage {
			return fmt.Errorf("page of %s, want at most %s", memory.Format(n), memory.Format(maxPage))
		}
		largest = max(largest, int64(h.UncompressedPageSize))
		at += int64(h.CompressedPageSize)
	}
	if err := memory.Fits(largest); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return nil
}
