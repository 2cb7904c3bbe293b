package nn

import "fmt"

// named is the value that stands at a name's place in names; what and want are
// for the error.
func named[T ~uint8](what, name, want string, names []string) (T, error) {
	for i, n := range names {
		if n == name {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("nn: %s %q, want %s", what, name, want)
}
