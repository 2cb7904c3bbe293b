package enum

import "testing"

type color uint8

func TestParse(t *testing.T) {
	names := []string{"red", "green", "blue"}
	for i, n := range names {
		if got, err := Parse[color]("color", n, names); err != nil || int(got) != i {
			t.Errorf("%s: %d, %v, want %d", n, got, err, i)
		}
	}
	if _, err := Parse[color]("color", "pink", names); err == nil ||
		err.Error() != `color "pink", want red, green or blue` {
		t.Errorf("error %v", err)
	}
}

func TestList(t *testing.T) {
	for want, names := range map[string][]string{
		"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"},
	} {
		if got := List(names); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
