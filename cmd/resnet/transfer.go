package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"resnet/data/terminal"
)

// transferBar shows downloads: on a terminal a bar that is redrawn, elsewhere one line per file.
type transferBar struct {
	screen *terminal.Screen
	file   string
	drawn  time.Time
}

// newTransferBar returns one on w, on which others may write meanwhile if it is a screen.
func newTransferBar(w io.Writer, live bool) *transferBar {
	screen, ok := w.(*terminal.Screen)
	if !ok {
		screen = terminal.NewScreen(w, live)
	}
	return &transferBar{screen: screen}
}

func (b *transferBar) progress(file string, done, total int64) {
	if !b.screen.Live() {
		if file != b.file {
			fmt.Fprintf(b.screen, "fetching %s\n", file)
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
	b.drawn = time.Now()
	b.screen.Draw(func(columns int) string { return transferLine(columns, file, done, total) })
}

// transferLine is a file's name and how much of it is there, with a bar in between where there is room.
func transferLine(columns int, file string, done, total int64) string {
	if total <= 0 {
		return fmt.Sprintf("%-28s %10s", file, mebibytes(done))
	}
	const width = 30
	share := fmt.Sprintf(" %3d%% of %s", 100*done/total, mebibytes(total))
	name := fmt.Sprintf("%-28s", file)
	if room := columns - len(share); len(name)+width+3 > room {
		return terminal.Shorten(file, room) + share
	}
	full := int(width * min(done, total) / total)
	return fmt.Sprintf("%s [%s%s]%s", name, strings.Repeat("=", full), strings.Repeat(" ", width-full), share)
}

func (b *transferBar) log(format string, args ...any) {
	b.end()
	fmt.Fprintln(b.screen, printable(fmt.Sprintf(format, args...)))
}

// end leaves a bar's line.
func (b *transferBar) end() { b.screen.Leave() }
