package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"resnet/data/samples"
	"resnet/data/scan"
)

// What is shown of each list; JSON has all.
const (
	shownPaths   = 5
	shownClasses = 40
	shownGroups  = 5
)

// writeChecked writes a report as tables and lists, the verdict last.
func writeChecked(w io.Writer, c *checked) error {
	t := checkTable{r: c.Report}
	t.summary()
	t.classes()
	t.bad()
	t.copies()
	t.oddities()
	t.others()
	fmt.Fprintf(&t.b, "\n%s\n", printable(c.Verdict))
	_, err := io.WriteString(w, t.b.String())
	return err
}

type checkTable struct {
	r *scan.Report
	b strings.Builder
}

func (t *checkTable) summary() {
	line := func(name, text string) { fmt.Fprintf(&t.b, "%-9s %s\n", name, text) }
	line("folder", printable(t.r.Dir))
	line("pictures", fmt.Sprintf("%s in %s, %s", thousands(int64(t.r.Images)),
		plural(len(t.r.Classes), "class", "classes"), strings.Join(t.r.Splits, ", ")))
	if few, most := extremes(t.r); few.Name != most.Name {
		line("balance", fmt.Sprintf("%s (%s) to %s (%s) usable pictures of a class to train on",
			thousands(int64(few.In(samples.Train))), printable(few.Name),
			thousands(int64(most.In(samples.Train))), printable(most.Name)))
	}
	if t.r.Width == nil {
		return
	}
	line("width", spreadText(t.r.Width))
	line("height", spreadText(t.r.Height))
	line("formats", countsText(t.r.Formats))
	line("colours", countsText(t.r.Modes))
}

// extremes returns the classes with the fewest and the most pictures to train on.
func extremes(r *scan.Report) (few, most scan.Class) {
	fewer := func(a, b scan.Class) int { return cmp.Compare(a.In(samples.Train), b.In(samples.Train)) }
	return slices.MinFunc(r.Classes, fewer), slices.MaxFunc(r.Classes, fewer)
}

func spreadText(s *scan.Spread) string {
	return fmt.Sprintf("%s to %s pixels, median %s", thousands(int64(s.Min)), thousands(int64(s.Max)),
		thousands(int64(s.Median)))
}

func countsText(all []scan.Count) string {
	var parts []string
	for _, c := range all {
		parts = append(parts, fmt.Sprintf("%s %s", thousands(int64(c.N)), c.What))
	}
	return strings.Join(parts, "; ")
}

// classes is a table of the usable pictures, a column for each split.
func (t *checkTable) classes() {
	shown := t.r.Classes[:min(len(t.r.Classes), shownClasses)]
	const widest = 40
	width := len("class")
	for _, c := range shown {
		width = max(width, columns(cell(c.Name, widest)))
	}
	fmt.Fprintf(&t.b, "\nusable pictures\n%-*s", width, "class")
	for _, split := range t.r.Splits {
		fmt.Fprintf(&t.b, " %9s", split)
	}
	t.b.WriteByte('\n')
	for _, c := range shown {
		fmt.Fprintf(&t.b, "%-*s", width, cell(c.Name, widest))
		for _, split := range t.r.Splits {
			fmt.Fprintf(&t.b, " %9s", thousands(int64(c.Usable[split])))
		}
		t.b.WriteByte('\n')
	}
	t.more(len(t.r.Classes)-len(shown), "")
	t.list("without a picture", t.r.Empty)
	if len(t.r.Splits) > 1 {
		t.list("class that a split lacks", t.lacking())
	}
}

// lacking lists the classes that have no usable picture in a split where others have.
func (t *checkTable) lacking() []string {
	var all []string
	for _, c := range t.r.Classes {
		var without []string
		for _, split := range t.r.Splits {
			if c.Usable[split] == 0 {
				without = append(without, split)
			}
		}
		if len(without) > 0 {
			all = append(all, fmt.Sprintf("%s: none in %s", c.Name, strings.Join(without, ", ")))
		}
	}
	return all
}

func (t *checkTable) bad() {
	var lines []string
	for _, b := range t.r.Bad {
		lines = append(lines, b.Path+": "+b.Problem)
	}
	t.list("cannot be used", lines)
}

func (t *checkTable) copies() {
	k := kindsOfCopies(t.r)
	for _, x := range []struct {
		title  string
		copies []scan.Copies
	}{
		{"same picture under two labels", k.classes}, {"same picture in two splits", k.splits},
		{"same picture twice in a class", k.plain},
	} {
		var lines []string
		for _, c := range x.copies {
			line := strings.Join(c.Paths[:min(len(c.Paths), shownGroups)], " = ")
			if more := len(c.Paths) - shownGroups; more > 0 {
				line += fmt.Sprintf(" and %d more", more)
			}
			lines = append(lines, line)
		}
		t.list(x.title, lines)
	}
}

func (t *checkTable) oddities() {
	if t.r.Odd.Colour == "grey" {
		t.list("grey among coloured pictures", t.r.Odd.Paths)
	} else {
		t.list("coloured among grey pictures", t.r.Odd.Paths)
	}
	t.list("turned by its EXIF orientation, as training will", t.r.Turned)
}

func (t *checkTable) others() {
	var lines []string
	for _, o := range t.r.Others {
		what := o.Reason
		if o.Detail != "" {
			what += ": " + o.Detail
		}
		lines = append(lines, fmt.Sprintf("%s %s, as %s", thousands(int64(len(o.Paths))), what, o.Paths[0]))
	}
	if len(lines) == 0 {
		return
	}
	t.b.WriteString("\npassed over\n")
	t.lines(lines)
}

// list writes a title with a count, and the first lines.
func (t *checkTable) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(&t.b, "\n%s %s\n", thousands(int64(len(lines))), title)
	t.lines(lines)
}

func (t *checkTable) lines(lines []string) {
	for _, line := range lines[:min(len(lines), shownPaths)] {
		fmt.Fprintf(&t.b, "   %s\n", printable(line))
	}
	t.more(len(lines)-shownPaths, "   ")
}

// more says how many lines are left out.
func (t *checkTable) more(n int, indent string) {
	if n > 0 {
		fmt.Fprintf(&t.b, "%s... and %s more; --format json has all\n", indent, thousands(int64(n)))
	}
}
