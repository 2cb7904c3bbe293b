package terminal

import (
	"io"
	"sync"

	"golang.org/x/term"
)

// Is says whether w is a terminal.
func Is(w io.Writer) bool {
	fd, ok := descriptor(w)
	return ok && term.IsTerminal(fd)
}

// Width is the number of columns of the terminal w at this moment, 80 where it does not tell.
func Width(w io.Writer) int {
	if fd, ok := descriptor(w); ok {
		if n, _, err := term.GetSize(fd); err == nil && n > 0 {
			return n
		}
	}
	return 80
}

func descriptor(w io.Writer) (int, bool) {
	if s, ok := w.(*Screen); ok {
		w = s.w
	}
	f, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return 0, false
	}
	return int(f.Fd()), true
}

// A Screen is a writer with a line at its end that can be drawn again and again, such as a progress bar. What is
// written meanwhile, by whomever, takes that line's place. Its methods may be called by several goroutines.
type Screen struct {
	w     io.Writer
	live  bool
	mu    sync.Mutex
	drawn bool // the cursor is at the end of a line that was drawn
}

// NewScreen returns a screen that writes to w. Draw works only where w is live: a terminal that knows how to clear a
// line.
func NewScreen(w io.Writer, live bool) *Screen { return &Screen{w: w, live: live} }

// Live says whether Draw shows anything.
func (s *Screen) Live() bool { return s.live }

// Write writes whole lines in the place of the line that was drawn.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn {
		s.drawn = false
		if _, err := io.WriteString(s.w, "\r\x1b[K"); err != nil {
			return 0, err
		}
	}
	return s.w.Write(p)
}

// Draw shows a line in the place of the last one. It asks line for its text, given the columns that there are: one less
// than the terminal has, because after the last one some wrap.
func (s *Screen) Draw(line func(columns int) string) {
	if !s.live {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := Width(s.w) - 1
	// A line of progress that cannot be shown is no reason to stop.
	_, _ = io.WriteString(s.w, "\r"+Shorten(line(n), n)+"\x1b[K")
	s.drawn = true
}

// Leave puts the cursor below the line that was drawn, which stays.
func (s *Screen) Leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn {
		s.drawn = false
		_, _ = io.WriteString(s.w, "\n")
	}
}
