// Package report writes one HTML page about one or more training runs:
//
//	run, err := report.Load("runs/20260102-030405-fashion-resnet")
//	run.Evaluation, err = train.Evaluate(...)
//	err = report.Write(file, []report.Run{run}, report.Options{})
//
// The page has key figures, curves over the epochs, several runs over each other; how the best weights do on each
// class, what they confuse, and images of which they were surest and wrong; the configuration, with what differs
// between runs marked; where and on what the runs ran; all epochs as a table.
//
// It is one file that asks for no other: pictures are inside, curves are SVG. It follows the reader's choice of light
// or dark, fits a phone, and prints. A little JavaScript shows values sooner than the browser would; without it the
// browser shows them.
package report
