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
	dataset := datasetFlag("", data.Auto)
	return &cli.Command{
		Name: "data", Usage: "list data sets, fetch one, look at one or at your own pictures",
		Description: `examples:
   resnet data list
   resnet data fetch --dataset cifar10
   resnet data info
   resnet data check photos`,
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list the data sets that have names",
				Description: `examples:
   resnet data list
   resnet data list --format json`,
				Flags:  []cli.Flag{formatFlag("table", "json")},
				Action: runList,
			},
			{
				Name: "fetch", Usage: "download a data set and verify it",
				Description: `The files go to --data-dir or the user's cache, where train finds them. What is
there and intact stays; a broken download goes on where it stopped.

examples:
   resnet data fetch
   resnet data fetch --dataset cifar10
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
Kaggle (a folder around each file) have them are found, too. A cifar-binary data set
is data_batch_1.bin and so on with test_batch.bin and batches.meta.txt, as CIFAR-10
has them, or train.bin, test.bin and fine_label_names.txt, as CIFAR-100 does.

examples:
   resnet data info
   resnet data info --dataset idx --data-dir mydata --format json
   resnet data info --dataset idx --data-dir emnist --transpose`,
				Flags: append(infoFlags(), formatFlag("table", "json")), Action: runInfo,
			},
			{
				Name: "verify", Usage: "check a data set's files",
				Description: `Reads every file, and prints a line each: verified is one with its published
SHA-256; readable is one that is whole and fits the others, where no sum is published.
The exit status is 1 if one is neither.

examples:
   resnet data verify --dataset cifar10
   resnet data verify --data-dir mydata`,
				Flags: infoFlags(), Action: runVerify,
			},
			checkCommand(),
		},
	}
}

// infoFlags choose a data set to look at.
func infoFlags() []cli.Flag {
	return []cli.Flag{
		datasetFlag("", data.Auto),
		&cli.StringFlag{Name: "data-dir", Usage: dataDirUsage},
		columnsFlag(),
		&cli.IntFlag{Name: "classes", Usage: "number of classes of a data set whose files do not name them",
			DefaultText: "largest label + 1"},
		transposeFlag(""),
	}
}

// listed is a data set as list prints it.
type listed struct {
	Name    string   `json:"name"`
	About   string   `json:"about"`
	Classes []string `json:"classes,omitempty"`
}

func runList(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	var all []listed
	var b strings.Builder
	for _, d := range data.All() {
		all = append(all, listed{d.Name, d.About, d.Classes})
		fmt.Fprintf(&b, "%-16s %s\n", d.Name, d.About)
	}
	if c.String("format") == "json" {
		return writeJSON(c.App.Writer, all)
	}
	_, err := io.WriteString(c.App.Writer, b.String())
	return err
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

// describe looks at the data set of infoFlags.
func describe(c *cli.Context) (*data.Info, error) {
	if err := noArguments(c); err != nil {
		return nil, err
	}
	return data.Describe(c.Context, data.Options{
		Dataset: c.String("dataset"), Dir: c.String("data-dir"), Columns: data.ParseColumns(c.String("columns")),
		Classes: c.Int("classes"), Transpose: c.Bool("transpose"),
	})
}

// usable returns an error for a data set that is not.
func usable(i *data.Info) error {
	if i.OK() {
		return nil
	}
	return fmt.Errorf("data: %s: not usable: %s", printable(i.Dir), printable(problem(i)))
}

func runVerify(c *cli.Context) error {
	info, err := describe(c)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, f := range info.Files {
		fmt.Fprintf(&b, "%s: %s\n", printable(f.Name), state(f))
	}
	if _, err := io.WriteString(c.App.Writer, b.String()); err != nil {
		return err
	}
	return usable(info)
}

// state is what is found of a file.
func state(f data.FileInfo) string {
	switch {
	case f.Problem != "":
		return printable(f.Problem)
	case f.Verified:
		return "verified"
	}
	return "readable"
}

func runInfo(c *cli.Context) error {
	info, err := describe(c)
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
	return usable(info)
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
		fmt.Fprintf(&b, "%-*s %12s %12s  %-12.12s %s\n", width,
			printable(f.Name), thousands(f.Bytes), thousands(f.Content), f.SHA256, state(f))
	}
	for _, s := range []struct {
		name string
		*data.SetInfo
	}{{"train", i.Train}, {"test", i.Test}} {
		if s.SetInfo != nil {
			fmt.Fprintf(&b, "\n%s: %s images of %dx%dx%d (C, H, W), mean %.4f, std %.4f\n",
				s.name, thousands(int64(s.N)), s.C, s.H, s.W, s.Mean, s.Std)
			for c, mean := range s.ChannelMean {
				fmt.Fprintf(&b, "   channel %-6d mean %.4f, std %.4f\n", c, mean, s.ChannelStd[c])
			}
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
