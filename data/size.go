package data

import (
	"fmt"

	"resnet/data/memory"
)

// Size is that of an image. The zero value is none in particular.
type Size struct{ C, H, W int }

// String writes it as ParseSize reads it: "3x64x48", channels, height and width.
func (s Size) String() string { return fmt.Sprintf("%dx%dx%d", s.C, s.H, s.W) }

// ParseSize reads channels, height and width: "3x64x48". It refuses the channels where people put them last.
func ParseSize(text string) (s Size, err error) {
	var rest string
	if n, _ := fmt.Sscanf(text+" ", "%dx%dx%d%s", &s.C, &s.H, &s.W, &rest); n != 3 {
		return s, fmt.Errorf("want channels x height x width such as 1x28x28")
	}
	if colours := func(n int) bool { return n == 1 || n == 3 }; colours(s.W) && !colours(s.C) {
		return s, fmt.Errorf("want channels first: %v", Size{s.W, s.C, s.H})
	}
	return s, nil
}

// bytes is what n images take. It reports false if that is more than can be counted.
func (s Size) bytes(n int) (int64, bool) { return memory.Product(n, s.C, s.H, s.W) }

// size is that of the set's images.
func (s *Set) size() Size { return Size{s.C, s.H, s.W} }
