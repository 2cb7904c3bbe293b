package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"resnet/data"
)

func dataCommand() *cli.Command {
	dir := &cli.StringFlag{Name: "data-dir", Usage: dataDirUsage}
	dataset := datasetFlag("")
	return &cli.Command{
		Name: "data", Usage: "fetch a data set, look at one or at your own pictures",
		Description: `examples:
   resnet data fetch
   resnet data info
   resnet data check photos`,
		Subcommands: []*cli.Command{
			{
				Name: "fetch", Usage: "download a data set and verify it",
				Description: `The files go to --data-dir or the user's cache, where train finds them. What is
there and intact stays; a broken download goes on where it stopped.

examples:
   resnet data fetch
   resnet data fetch --data-dir /data/fashion-mnist`,
				Flags: []cli.Flag{dataset, dir,
					quietFlag()},
				Action: runFetch,
			},
			{
				Name: "info", Usage: "show a data set's files, checksums and statistics",
				Description: `An idx data set is four files: train-images-idx3-ubyte, train-labels-idx1-ubyte,
t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or .gz. Names as EMNIST
(emnist-letters-test-images-idx3-ubyte.gz), QMNIST (qmnist-test-labels-idx2-int) and
Kaggle (a folder around each file) have them are found, too.

examples:
   resnet data info
   resnet data info --dataset idx --data-dir mydata --format json
   resnet data info --dataset idx --data-dir emnist --transpose`,
				Flags: []cli.Flag{dataset, dir,
					&cli.IntFlag{Name: "classes", Usage: "number of classes of an idx data set",
						DefaultText: "largest label + 1"},
					transposeFlag(""),
					formatFlag("table", "json")},
				Action: runInfo,
			},
			checkCommand(),
		},
	}
}

func runFetch(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	o := data.Options{Dataset: c.String("dataset"), Dir: c.String("data-dir")}
	done := func() {}
	if !c.Bool("quiet") {
		bar := newTransferBar(c.App.ErrWriter, showsBars(c.App.ErrWriter))
		o.Progress, o.Log, done = bar.progress, bar.log, bar.end
	}
	dir, err := data.Fetch(c.Context, o)
	done()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.App.Writer, dir)
	return err
}

func runInfo(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	info, err := data.Describe(c.Context, data.Options{
		Dataset: c.String("dataset"), Dir: c.String("data-dir"), Classes: c.Int("classes"),
		Transpose: c.Bool("transpose"),
	})
	if err != nil {
		return err
	}
	write := writeInfo
	if c.String("format") == "json" {
		write = func(w io.Writer, i *data.Info) error { return writeJSON(w, i) }
	}
	if err := write(c.App.Writer, info); err != nil {
		return err
	}
	if !info.OK() {
		return fmt.Errorf("data: %s: not usable: %s", printable(info.Dir), printable(problem(info)))
	}
	return nil
}

// problem is the first thing wrong with a data set.
func problem(i *data.Info) string {
	for _, f := range i.Files {
		if f.Problem != "" {
			return f.Problem
		}
	}
	return i.Problem
}

func writeInfo(w io.Writer, i *data.Info) error {
	var b strings.Builder
	fmt.Fprintf(&b, "dataset   %s\ndir       %s\n", i.Dataset, printable(i.Dir))
	if i.Checksum != "" {
		fmt.Fprintf(&b, "checksum  %s\n", i.Checksum)
	}
	if i.Transposed {
		b.WriteString("images    rows and columns exchanged\n")
	}
	width := 30
	for _, f := range i.Files {
		width = max(width, utf8.RuneCountInString(printable(f.Name)))
	}
	fmt.Fprintf(&b, "\n%-*s %12s %12s  %-12s %s\n", width, "file", "bytes", "content", "sha256", "state")
	for _, f := range i.Files {
		state := "readable"
		if f.Verified {
			state = "verified"
		}
		if f.Problem != "" {
			state = printable(f.Problem)
		}
		fmt.Fprintf(&b, "%-*s %12s %12s  %-12.12s %s\n", width,
			printable(f.Name), thousands(f.Bytes), thousands(f.Content), f.SHA256, state)
	}
	for _, s := range []struct {
		name string
		*data.SetInfo
	}{{"train", i.Train}, {"test", i.Test}} {
		if s.SetInfo != nil {
			fmt.Fprintf(&b, "\n%s: %s images of %dx%dx%d (C, H, W), mean %.4f, std %.4f\n",
				s.name, thousands(int64(s.N)), s.C, s.H, s.W, s.Mean, s.Std)
			for k, n := range s.PerClass {
				fmt.Fprintf(&b, "   %-14s %8s\n", i.Classes[k], thousands(int64(n)))
			}
		}
	}
	for _, n := range i.Notes {
		fmt.Fprintf(&b, "\nnote: %s\n", printable(n))
	}
	if i.Problem != "" {
		fmt.Fprintf(&b, "\n%s\n", printable(i.Problem))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
