package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Config says which network to build. It travels in a weights file's metadata, so that the file alone is enough to run
// the network. In JSON the options stand beside the other fields:
//
//	{"model": "fashion-resnet", "channels": 1, "height": 28, "width": 28, "classes": 10, "base_channels": 16}
type Config struct {
	Model    string  `json:"model"`
	Channels int     `json:"channels"` // of the images
	Height   int     `json:"height"`
	Width    int     `json:"width"`
	Classes  int     `json:"classes"`
	Options  Options `json:"-"`
	// Smoothing is the loss's label smoothing; it does not change the weights.
	Smoothing float32 `json:"-"`
}

// fields is Config without its JSON methods.
type fields Config

// MarshalJSON implements json.Marshaler. An option of 0 is left out.
func (c Config) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(fields(c))
	return c.Options.append(b, false), err
}

// UnmarshalJSON implements json.Unmarshaler. An option that is missing is 0.
func (c *Config) UnmarshalJSON(b []byte) error {
	var f fields
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*c = Config(f)
	m, err := Lookup(c.Model)
	if err != nil {
		return nil // for Build to say
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	for _, o := range m.Options {
		c.Options = c.Options.With(o.Key(), 0)
	}
	c.Options, err = m.TakeOptions(c.Options, all)
	return err
}

// TakeOptions moves the model's options from the fields of a JSON object over to others, which stay where a field is
// missing.
func (m *Model) TakeOptions(o Options, object map[string]json.RawMessage) (Options, error) {
	for _, option := range m.Options {
		key := option.Key()
		raw, ok := object[key]
		if !ok {
			continue
		}
		var n int
		if err := json.Unmarshal(raw, &n); err != nil {
			return o, fmt.Errorf("%s: %w", key, err)
		}
		o = o.With(key, n)
		delete(object, key)
	}
	return o, nil
}

// Options are a model's own settings in the order of their keys: "base_channels=16 hidden=512". It is a string so that
// configurations can be compared.
type Options string

// Get is the value of an option; 0 where it is not set.
func (o Options) Get(key string) int {
	for pair := range strings.FieldsSeq(string(o)) {
		if k, v, _ := strings.Cut(pair, "="); k == key {
			n, _ := strconv.Atoi(v)
			return n
		}
	}
	return 0
}

// With is the options with one of them set.
func (o Options) With(key string, value int) Options {
	pairs := slices.DeleteFunc(strings.Fields(string(o)), func(pair string) bool {
		return strings.HasPrefix(pair, key+"=")
	})
	pairs = append(pairs, key+"="+strconv.Itoa(value))
	slices.Sort(pairs)
	return Options(strings.Join(pairs, " "))
}

// check refuses what is no option of a model.
func (o Options) check(model string, known []string) error {
	for pair := range strings.FieldsSeq(string(o)) {
		if key, _, _ := strings.Cut(pair, "="); !slices.Contains(known, key) {
			return fmt.Errorf("models: %s has no option %q, want one of: %s", model, key, strings.Join(known, ", "))
		}
	}
	return nil
}

// AppendJSON adds the options to a JSON object that is not empty.
func (o Options) AppendJSON(object []byte) []byte { return o.append(object, true) }

// append adds the options, those that are 0 only where zeros says so.
func (o Options) append(object []byte, zeros bool) []byte {
	b := bytes.TrimSuffix(object, []byte("}"))
	for pair := range strings.FieldsSeq(string(o)) {
		key, value, _ := strings.Cut(pair, "=")
		if zeros || value != "0" {
			b = fmt.Appendf(b, ",%q:%s", key, value)
		}
	}
	return append(b, '}')
}
