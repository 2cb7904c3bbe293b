package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"resnet/data"
	"resnet/data/folder"
	"resnet/data/manifest"
	"resnet/data/samples"
	"resnet/data/scan"
	"resnet/data/terminal"
)

func checkCommand() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "look at your own pictures before training", ArgsUsage: "DIR|TABLE",
		Description: `DIR has a folder for each class with pictures at any depth, or folders train, val
(valid, validation) and test with such folders in them. Pictures are told by their
content: any suffix will do. TABLE lists pictures instead, by paths relative to it,
with their labels and, if it likes, splits and weights: CSV with commas, semicolons
or tabs, columns between spaces, or JSON lines. Columns are known by a header's
names, such as path, file_name, image; label, class, category; split; weight.

Each picture is decoded to its end, and what is wrong is listed: files that are
damaged, cut or too large, copies within and across splits, the same picture in
two classes, classes that a split lacks, grey pictures among coloured ones. What
was found is kept in the user's cache: a second look reads changed files only.

The exit status is 1 if training would not begin.

examples:
   resnet data check photos
   resnet data check photos --on-bad-image skip
   resnet data check labels.csv --columns path,label,-,split
   resnet data check photos --heads --format json`,
		Flags: []cli.Flag{
			choice("on-bad-image", string(scan.Fail), "what training does about pictures that it cannot use",
				string(scan.Fail), string(scan.Skip)),
			&cli.Int64Flag{Name: "max-pixels", Value: scan.MaxPixels, Usage: "refuse pictures of more than `N` pixels"},
			columnsFlag(),
			boolFlag("heads", "read the heads of the files only: faster, but damage behind them is not seen"),
			boolFlag("no-cache", "read each file anew, and keep nothing"),
			&cli.IntFlag{Name: "workers", Aliases: []string{"j"}, Usage: "files that are read at one time",
				DefaultText: "one per processor"},
			quietFlag(),
			formatFlag("table", "json"),
		},
		Action: runCheck,
	}
}

// checked is what the command says about a data set.
type checked struct {
	*scan.Report
	Verdict string `json:"verdict"`
	Problem string `json:"problem,omitempty"` // why training would not begin
}

func runCheck(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("check: %d folders or tables given, want one", c.NArg())
	}
	if n := c.Int("workers"); n < 0 {
		return usagef("check: %d workers, want at least 1 (0: one per processor)", n)
	}
	if n := c.Int64("max-pixels"); n < 1 {
		return usagef("check: --max-pixels %d, want at least 1", n)
	}
	report, err := check(c, c.Args().First())
	if err != nil {
		return err
	}
	problem := report.Trainable(scan.OnBad(c.String("on-bad-image")))
	result := checked{Report: report, Verdict: verdict(report)}
	if problem != nil {
		result.Problem = oneLine(problem)
	}
	write := writeChecked
	if c.String("format") == "json" {
		write = func(w io.Writer, r *checked) error { return writeJSON(w, r) }
	}
	if err := write(c.App.Writer, &result); err != nil {
		return err
	}
	return problem
}

// check finds the samples of a data set and scans them.
func check(c *cli.Context, path string) (*scan.Report, error) {
	workers := atMostProcessors(c, c.Int("workers"))
	set, err := findSamples(c, path, workers)
	if err != nil {
		return nil, err
	}
	o := scan.Options{Workers: workers, Decode: !c.Bool("heads"), MaxPixels: c.Int64("max-pixels"), Log: notes(c)}
	if !c.Bool("no-cache") {
		if o.Cache, err = scan.CacheFile(path); err != nil {
			o.Log("note: no cache: %v", err)
		}
	}
	end := func() {}
	if !c.Bool("quiet") {
		bar := newScanBar(c.App.ErrWriter)
		o.Progress, end = bar.progress, bar.screen.Leave
	}
	images, err := scan.Scan(c.Context, set, o)
	end()
	if err != nil {
		return nil, err
	}
	return scan.NewReport(set, images), nil
}

// findSamples finds those of a folder, or of a table that lists them.
func findSamples(c *cli.Context, path string, workers int) (*samples.Set, error) {
	columns := data.ParseColumns(c.String("columns"))
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return manifest.Read(c.Context, path, columns)
	}
	if columns != nil {
		return nil, usagef("check: --columns with a folder, want a table")
	}
	return folder.Walk(c.Context, path, workers)
}

// scanBar shows how many pictures were looked at: on a terminal a line that is redrawn, elsewhere one every ten
// seconds. Its methods may be called by several goroutines.
type scanBar struct {
	screen *terminal.Screen
	every  time.Duration
	mu     sync.Mutex
	shown  time.Time
}

func newScanBar(w io.Writer) *scanBar {
	screen, ok := w.(*terminal.Screen)
	if !ok {
		screen = terminal.NewScreen(w, showsBars(w))
	}
	b := &scanBar{screen: screen, every: 10 * time.Second, shown: time.Now()}
	if screen.Live() {
		b.every, b.shown = 100*time.Millisecond, time.Time{}
	}
	return b
}

func (b *scanBar) progress(done, total int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.shown) < b.every && (done < total || !b.screen.Live()) {
		return
	}
	b.shown = time.Now()
	line := fmt.Sprintf("checking %s of %s pictures", thousands(int64(done)), thousands(int64(total)))
	if b.screen.Live() {
		b.screen.Draw(func(int) string { return line })
	} else {
		fmt.Fprintln(b.screen, line)
	}
}

// verdict is the last line: what can be used, and what is worth a look.
func verdict(r *scan.Report) string {
	parts := []string{fmt.Sprintf("%s usable of %s pictures in %s", thousands(int64(r.Usable)),
		thousands(int64(r.Images)), plural(len(r.Classes), "class", "classes"))}
	faults := map[string]int{}
	var order []string
	for _, b := range r.Bad {
		if faults[b.Fault]++; faults[b.Fault] == 1 {
			order = append(order, b.Fault)
		}
	}
	for _, fault := range order {
		parts = append(parts, fmt.Sprintf("%s %s", thousands(int64(faults[fault])), fault))
	}
	k := kindsOfCopies(r)
	for _, x := range []struct {
		copies []scan.Copies
		what   string
	}{{k.classes, "under two labels"}, {k.splits, "in two splits"}, {k.plain, "copied within a class"}} {
		if len(x.copies) > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", thousands(int64(len(x.copies))), x.what))
		}
	}
	if n := len(r.Empty); n > 0 {
		parts = append(parts, plural(n, "class folder", "class folders")+" without a picture")
	}
	passed := 0
	for _, o := range r.Others {
		passed += len(o.Paths)
	}
	if passed > 0 {
		parts = append(parts, plural(passed, "file", "files")+" passed over")
	}
	return strings.Join(parts, "; ")
}

// plural is a number and what it counts.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(int64(n)) + " " + many
}

// copyKinds are a report's copies by what is wrong with them. Those under two labels in two splits are in both.
type copyKinds struct{ classes, splits, plain []scan.Copies }

func kindsOfCopies(r *scan.Report) (k copyKinds) {
	for _, c := range r.Copies {
		if len(c.Classes) > 1 {
			k.classes = append(k.classes, c)
		}
		if len(c.Splits) > 1 {
			k.splits = append(k.splits, c)
		}
		if len(c.Classes) == 1 && len(c.Splits) == 1 {
			k.plain = append(k.plain, c)
		}
	}
	return k
}
