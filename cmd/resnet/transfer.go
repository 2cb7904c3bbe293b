package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// transferBar shows downloads: on a terminal a bar that is redrawn, elsewhere one line per file.
type transferBar struct {
	w        io.Writer
	terminal bool
	file     string
	drawn    time.Time
	open     bool // the cursor stands in a bar's line
}

func (b *transferBar) progress(file string, done, total int64) {
	if !b.terminal {
		if file != b.file {
			fmt.Fprintf(b.w, "fetching %s\n", file)
			b.file = file
		}
		return
	}
	if file != b.file {
		b.end()
		b.file = file
	} else if done != total && time.Since(b.drawn) < 100*time.Millisecond {
		return
	}
	b.drawn, b.open = time.Now(), true
	if total <= 0 {
		fmt.Fprintf(b.w, "\r%-28s %10s", file, mebibytes(done))
		return
	}
	const width = 30
	full := int(width * min(done, total) / total)
	fmt.Fprintf(b.w, "\r%-28s [%s%s] %3d%% of %s", file, strings.Repeat("=", full), strings.Repeat(" ", width-full),
		100*done/total, mebibytes(total))
}

func (b *transferBar) log(format string, args ...any) {
	b.end()
	fmt.Fprintf(b.w, format+"\n", args...)
}

// end leaves a bar's line.
func (b *transferBar) end() {
	if b.open {
		fmt.Fprintln(b.w)
		b.open = false
	}
}
