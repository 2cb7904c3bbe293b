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

// settings are a configuration's values by name: strings, bools, json.Numbers, and whatever else JSON has.
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

// table is the settings as a table in Markdown.
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

// The HParams dashboard reads a run's settings and its end from the metadata of two tags. For results it takes the
// run's scalars.
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

// encodeStart is a SessionStartInfo.
func (s settings) encodeStart(at time.Time) (m message) {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		var v message // google.protobuf.Value
		switch x := s[name].(type) {
		case json.Number:
			f, _ := x.Float64() // what is too large is infinite
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

// encodeEnd is a SessionEndInfo.
func encodeEnd(at time.Time) (m message) {
	m.int(1, hparamsSuccess)
	m.double(2, seconds(at))
	return m
}

// seconds is a time as event files have it, since 1970.
func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }
