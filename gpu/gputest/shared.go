package gputest

import (
	"errors"
	"os"
	"testing"
)

// Shared is a value that the tests of a process share, such as a GPU's context, which takes tenths of a second to make.
// It is made when a test first asks for it, and released by Main. A test that fails may leave it unusable, as a fault
// of a kernel does with a context, so the next test gets a new one. If it cannot be made no test tries again. Tests
// that use it do not run in parallel.
type Shared[T any] struct {
	make    func() (T, error)
	release func(T) error

	value T
	err   error // of making it
	users int   // tests that are running with value
	made  bool  // value has to be released
	stale bool  // a user has failed
}

// Share returns a value that is made and released by these functions.
func Share[T any](make func() (T, error), release func(T) error) *Shared[T] {
	return &Shared[T]{make: make, release: release}
}

// Get returns the value for the time of a test, and ends the test if it cannot be made.
func (s *Shared[T]) Get(t testing.TB) T {
	t.Helper()
	if !s.made && s.err == nil {
		s.value, s.err = s.make()
		s.made = s.err == nil
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	s.users++
	t.Cleanup(func() {
		s.users--
		if s.stale = s.stale || t.Failed(); s.stale && s.users == 0 {
			if err := s.Release(); err != nil {
				t.Log(err) // of a context that was lost
			}
		}
	})
	return s.value
}

// Release releases the value, if there is one.
func (s *Shared[T]) Release() error {
	if !s.made {
		return nil
	}
	value := s.value
	*s = Shared[T]{make: s.make, release: s.release}
	return s.release(value)
}

// Main is TestMain of a package whose tests share values: release releases them. It does not return.
func Main(m *testing.M, release ...func() error) {
	code := m.Run()
	var errs []error
	for _, f := range release {
		errs = append(errs, f())
	}
	if err := errors.Join(errs...); err != nil {
		os.Stderr.WriteString("after all tests: " + err.Error() + "\n")
		code = max(code, 1)
	}
	os.Exit(code)
}
