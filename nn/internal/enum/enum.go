// Package enum parses names of small enumerations.
package enum

import "fmt"

// Parse returns the value whose name it is: its index in names. The error says what the name is of, and what is wanted.
func Parse[T ~uint8](what, name, want string, names []string) (T, error) {
	for i, n := range names {
		if n == name {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("%s %q, want %s", what, name, want)
}
