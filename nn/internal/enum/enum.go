// Package enum parses and lists names of small enumerations.
package enum

import (
	"fmt"
	"strings"
)

// Parse returns the value whose name it is: its index in names. The error says what the name is of, and what is wanted.
func Parse[T ~uint8](what, name string, names []string) (T, error) {
	for i, n := range names {
		if n == name {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("%s %q, want %s", what, name, List(names))
}

// List is the names as an error lists them: "a, b or c".
func List(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
