// Package parquettest writes Parquet files of pictures as Hugging Face does, for tests.
package parquettest

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// Row is a picture with its label.
type Row struct {
	Image Image `parquet:"image,optional"`
	Label int64 `parquet:"label"`
}

// Image is the content of a picture file and its path once.
type Image struct {
	Bytes []byte `parquet:"bytes,optional"`
	Path  string `parquet:"path,optional"`
}

// Encode returns the content of a file of these rows.
func Encode(t testing.TB, classes []string, rows ...Row) []byte {
	t.Helper()
	type feature struct {
		Type  string   `json:"_type"`
		Names []string `json:"names,omitempty"`
	}
	meta, err := json.Marshal(map[string]any{"info": map[string]any{"features": map[string]feature{
		"image": {Type: "Image"}, "label": {Type: "ClassLabel", Names: classes},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[Row](&b, parquet.KeyValueMetadata("huggingface", string(meta)))
	if _, err = w.Write(rows); err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
