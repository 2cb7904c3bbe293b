package tensorboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// settings are the values of a configuration by name, as encoding/json decodes them; numbers are json.Number.
type settings map[string]any

func settingsOf(config any) (settings, error) {
	js, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(js))
	d.UseNumber() // a seed may have more digits than a float64
	var s settings
	return s, d.Decode(&s)
}

// table returns the settings as a Markdown table.
func (s settings) table() string {
	var b strings.Builder
	b.WriteString("| setting | value |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(s)) {
		value := strings.NewReplacer("`", "'", "\n", " ").Replace(fmt.Sprint(s[name]))
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| %s | %s |\n", name, value)
	}
	return b.String()
}

// The HParams dashboard reads the settings of a run and its end from the metadata of two tags. Its results are the
// scalars of the run.
const (
	hparamsStart = "_hparams_/session_start_info"
	hparamsEnd   = "_hparams_/session_end_info"
)

// Fields of HParamsPluginData.
const (
	hparamsStartInfo protowire.Number = 3
	hparamsEndInfo   protowire.Number = 4
)

const hparamsSuccess = 1 // Status.STATUS_SUCCESS

// encodeStart returns a SessionStartInfo.
func (s settings) encodeStart(at time.Time) (m message) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		var v message // google.protobuf.Value
		switch x := s[name].(type) {
		case json.Number:
			f, _ := x.Float64() // too large a number becomes infinite
			v.double(2, f)
		case bool:
			v.bool(4, x)
		default:
			v.string(3, fmt.Sprint(x))
		}
		m.entry(1, name, v)
	}
	m.double(5, seconds(at))
	return m
}

// encodeEnd returns a SessionEndInfo.
func encodeEnd(at time.Time) (m message) {
	m.int(1, hparamsSuccess)
	m.double(2, seconds(at))
	return m
}

// seconds returns a time in the form of event files: seconds since 1970.
func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }
