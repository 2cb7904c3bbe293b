// Package report writes one HTML page about one or more training runs:
//
//	run, err := report.Load("runs/20260102-030405-fashion-resnet")
//	run.Evaluation, err = train.Evaluate(...)
//	err = report.Write(file, []report.Run{run}, report.Options{})
//
// The page shows key figures; curves over the epochs, of all runs in the same charts; how well the best weights
// classify each class, what they confuse, and their most confident mistakes; the configuration, with the differences
// between runs marked; the environment of each run; and a table of all epochs.
//
// It is a single file that loads nothing: images are embedded, curves are SVG. It follows the reader's choice of light
// or dark, fits a phone, and can be printed. A little JavaScript shows the values under the pointer at once; without it
// the browser shows them as tooltips.
package report
