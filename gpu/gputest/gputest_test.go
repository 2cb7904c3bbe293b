package gputest

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// counted is a value that is shared, and how often it was made and released.
func counted(err error) (s *Shared[int], made, released *int) {
	made, released = new(int), new(int)
	s = Share(func() (int, error) { *made++; return *made, nil }, func(int) error { *released++; return err })
	return s, made, released
}

// The tests of a process share one value, which is released once.
func TestShared(t *testing.T) {
	s, made, released := counted(nil)
	if err := s.Release(); err != nil || *released != 0 {
		t.Errorf("%d releases of nothing, %v", *released, err)
	}
	for range 3 {
		t.Run("user", func(t *testing.T) {
			if got := s.Get(t); got != 1 {
				t.Errorf("value %d, want the first", got)
			}
		})
	}
	if err := errors.Join(s.Release(), s.Release()); err != nil || *made != 1 || *released != 1 {
		t.Errorf("made %d times, released %d times, %v, want once", *made, *released, err)
	}
}

// failing is a test that has failed, as far as Shared can see.
type failing struct{ testing.TB }

func (failing) Failed() bool { return true }

// What a failed test used is released when no running test uses it any more, and the next test gets a new value.
func TestSharedAfterAFailure(t *testing.T) {
	lost := errors.New("the context is lost")
	s, _, released := counted(lost)
	t.Run("outer", func(t *testing.T) {
		s.Get(t)
		t.Run("inner", func(t *testing.T) { s.Get(failing{t}) })
		if got := s.Get(t); got != 1 || *released != 0 {
			t.Errorf("value %d after %d releases, want the first as long as it is in use", got, *released)
		}
	})
	if got := s.Get(t); got != 2 || *released != 1 {
		t.Errorf("value %d after %d releases, want a new one after 1", got, *released)
	}
	if err := s.Release(); err != lost {
		t.Errorf("error %v, want that of the release", err)
	}
}

// ended is a test that Fatal ends by a panic with its argument.
type ended struct{ testing.TB }

func (ended) Fatal(args ...any) { panic(args[0]) }

// What cannot be made is tried once, and ends each test that needs it.
func TestSharedThatCannotBeMade(t *testing.T) {
	tries, none := 0, errors.New("no memory")
	s := Share(func() (int, error) { tries++; return 0, none }, func(int) error { return errors.New("not made") })
	for range 2 {
		func() {
			defer func() {
				if got := recover(); got != none {
					t.Errorf("the test ended with %v, want %v", got, none)
				}
			}()
			s.Get(ended{t})
		}()
	}
	if err := s.Release(); tries != 1 || err != nil {
		t.Errorf("tried %d times, release %v, want once and nothing to release", tries, err)
	}
}

// variable tells a test that it runs in a process of its own.
const variable = "RESNET_TEST_AGAIN"

func TestAgain(t *testing.T) {
	if os.Getenv(variable) != "" {
		t.Log("as a process with", os.Getenv(variable))
		return
	}
	if out := Again(t, t.Name(), variable+"=what was told"); !strings.Contains(out, "as a process with what was told") {
		t.Errorf("the process wrote %s", out)
	}
	if out, err := Run([]string{"-test.run=^TestShared$", "-test.v"}); err != nil ||
		!strings.Contains(out, "--- PASS: TestShared (") {
		t.Errorf("%v, the process wrote %s, want TestShared to have passed", err, out)
	}
	if out, err := Run([]string{"-test.run=["}); err == nil {
		t.Errorf("a process with a wrong argument gave no error and wrote %s", out)
	}
}
