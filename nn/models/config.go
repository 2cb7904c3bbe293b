package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Config says which network to build. The metadata of a weights file contain it, so that the file alone is enough to
// run the network. In JSON the options are fields like the others:
//
//	{"model": "fashion-resnet", "channels": 1, "height": 28, "width": 28, "classes": 10, "base_channels": 16}
type Config struct {
	Model    string `json:"model"`
	Channels int    `json:"channels"` // of the images
	Height   int    `json:"height"`
	Width    int    `json:"width"`
	Classes  int    `json:"classes"`
	// Mean and Std normalise each channel of pixels scaled to 0 to 1; empty means the model's own.
	Mean    PerChannel `json:"mean,omitempty"`
	Std     PerChannel `json:"std,omitempty"`
	Options Options    `json:"-"`
	// Smoothing is the label smoothing of the loss, which the network itself does not depend on.
	Smoothing float32 `json:"-"`
}

// fields is Config without the JSON methods.
type fields Config

// MarshalJSON implements json.Marshaler. Options that are 0 are left out.
func (c Config) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(fields(c))
	return c.Options.append(b, false), err
}

// UnmarshalJSON implements json.Unmarshaler. Options that are missing are 0.
func (c *Config) UnmarshalJSON(b []byte) error {
	var f fields
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*c = Config(f)
	m, err := Lookup(c.Model)
	if err != nil {
		return nil // Build reports the unknown model
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

// TakeOptions removes the model's options from the fields of a JSON object and returns o with their values; an option
// without a field keeps its value in o.
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

// PerChannel is a number for each channel of an image: "0.5 0.25 0.125". It is a string so that a Config can be
// compared with ==, and an array in JSON.
type PerChannel string

// PerChannelOf returns the numbers as PerChannel.
func PerChannelOf(numbers []float32) PerChannel {
	var words []string
	for _, x := range numbers {
		words = append(words, strconv.FormatFloat(float64(x), 'g', -1, 32))
	}
	return PerChannel(strings.Join(words, " "))
}

// Numbers returns them, nil if there are none.
func (p PerChannel) Numbers() []float32 {
	var numbers []float32
	for word := range strings.FieldsSeq(string(p)) {
		x, _ := strconv.ParseFloat(word, 32)
		numbers = append(numbers, float32(x))
	}
	return numbers
}

// MarshalJSON implements json.Marshaler.
func (p PerChannel) MarshalJSON() ([]byte, error) { return json.Marshal(p.Numbers()) }

// UnmarshalJSON implements json.Unmarshaler.
func (p *PerChannel) UnmarshalJSON(b []byte) error {
	var numbers []float32
	err := json.Unmarshal(b, &numbers)
	*p = PerChannelOf(numbers)
	return err
}

// Options are the settings that a model has besides those of every model, in the order of their keys: "base_channels=16
// hidden=512". They are a string so that a Config can be compared with ==.
type Options string

// Get returns the value of an option, 0 where it is not set.
func (o Options) Get(key string) int {
	for pair := range strings.FieldsSeq(string(o)) {
		if k, v, _ := strings.Cut(pair, "="); k == key {
			n, _ := strconv.Atoi(v)
			return n
		}
	}
	return 0
}

// With returns the options with one of them set.
func (o Options) With(key string, value int) Options {
	pairs := slices.DeleteFunc(strings.Fields(string(o)), func(pair string) bool {
		return strings.HasPrefix(pair, key+"=")
	})
	pairs = append(pairs, key+"="+strconv.Itoa(value))
	slices.Sort(pairs)
	return Options(strings.Join(pairs, " "))
}

// check returns an error for a key that is not among the known ones of a model.
func (o Options) check(model string, known []string) error {
	for pair := range strings.FieldsSeq(string(o)) {
		if key, _, _ := strings.Cut(pair, "="); !slices.Contains(known, key) {
			if len(known) == 0 {
				return fmt.Errorf("models: %s has no option %q, nor any other", model, key)
			}
			return fmt.Errorf("models: %s has no option %q, want one of: %s", model, key, strings.Join(known, ", "))
		}
	}
	return nil
}

// AppendJSON adds the options as fields to a JSON object that has at least one.
func (o Options) AppendJSON(object []byte) []byte { return o.append(object, true) }

// append is AppendJSON; options that are 0 are added only if zeros is set.
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
