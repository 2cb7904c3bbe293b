package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// writePictures writes a table of the pictures that have predictions.
func writePictures(w io.Writer, pictures []prediction) error {
	pictures = printablePictures(pictures)
	if len(pictures) == 0 {
		return nil
	}
	source, class := len("image"), len("label")
	labels := false
	for _, p := range pictures {
		source = max(source, len(p.Source))
		for _, g := range p.Top {
			class = max(class, len(g.Class))
		}
		if p.Label != nil {
			class, labels = max(class, len(*p.Label)), true
		}
	}
	var b strings.Builder
	row := func(image, label, prediction string) {
		fmt.Fprintf(&b, "%-*s  ", source, image)
		if labels {
			fmt.Fprintf(&b, "%-*s  ", class, label)
		}
		b.WriteString(prediction + "\n")
	}
	row("image", "label", "prediction")
	for _, p := range pictures {
		label := ""
		if p.Label != nil {
			label = *p.Label
		}
		var top []string
		for _, g := range p.Top {
			top = append(top, fmt.Sprintf("%-*s %6.2f %%", class, g.Class, 100*g.Probability))
		}
		row(p.Source, label, strings.Join(top, "  "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printablePictures returns the pictures that have predictions with their texts as they may reach a terminal.
func printablePictures(pictures []prediction) []prediction {
	var shown []prediction
	for _, p := range pictures {
		if p.Error != "" {
			continue
		}
		p.Source, p.Top = printable(p.Source), slices.Clone(p.Top)
		for i := range p.Top {
			p.Top[i].Class = printable(p.Top[i].Class)
		}
		if p.Label != nil {
			label := printable(*p.Label)
			p.Label = &label
		}
		shown = append(shown, p)
	}
	return shown
}

// maxIndices bounds how many images ranges may name, well above any data set of this kind.
const maxIndices = 1 << 20

// parseIndices reads "0:10,42": single numbers and half-open ranges.
func parseIndices(s string) ([]int, error) {
	if s == "" {
		return nil, nil
	}
	var all []int
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(part, ":")
		first, err := strconv.Atoi(from)
		end := first + 1
		if err == nil && isRange {
			end, err = strconv.Atoi(to)
		}
		if err != nil || first < 0 {
			return nil, fmt.Errorf("%q, want numbers from 0 and ranges such as 0:10,42", part)
		}
		if end <= first {
			return nil, fmt.Errorf("range %q is empty (its end is not part of it)", part)
		}
		if len(all)+end-first > maxIndices {
			return nil, fmt.Errorf("more than %d images", maxIndices)
		}
		for i := first; i < end; i++ {
			all = append(all, i)
		}
	}
	return all, nil
}
