package checkpoint

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"resnet/data/atomicfile"
	"resnet/nn/infer"
)

// Row is one epoch's line in results.csv.
type Row struct {
	Epoch           int          `json:"epoch"`             // from 1
	Step            int64        `json:"step"`              // since training began
	LR              float64      `json:"lr"`                // of the last step
	Train           infer.Score  `json:"train"`             // over all images, each at its own step
	Val             *infer.Score `json:"val,omitempty"`     // nil without validation
	Seconds         float64      `json:"seconds"`           // training and validation
	ImagesPerSecond float64      `json:"images_per_second"` // training
}

var csvHeader = []string{"epoch", "step", "lr", "train_loss", "train_acc", "val_loss", "val_acc", "seconds",
	"images_per_second"}

// WriteResults replaces results.csv: after every epoch, and at the start, because a run that was killed may have left
// one row less than its checkpoint has.
func (d Dir) WriteResults(fsys atomicfile.FS, rows []Row) error {
	err := atomicfile.WriteDurableOn(fsys, d.Results(), func(w io.Writer) error { return writeCSV(w, rows) })
	if err != nil {
		return fmt.Errorf("train: results: %w", err)
	}
	return nil
}

// writeCSV writes rates, losses and accuracies with all their digits. Without validation its columns are empty.
func writeCSV(w io.Writer, rows []Row) error {
	exact := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	c := csv.NewWriter(w)
	c.Write(csvHeader)
	for i := range rows {
		r := &rows[i]
		var valLoss, valAcc string
		if r.Val != nil {
			valLoss, valAcc = exact(r.Val.Loss), exact(r.Val.Accuracy)
		}
		c.Write([]string{
			strconv.Itoa(r.Epoch), strconv.FormatInt(r.Step, 10), exact(r.LR),
			exact(r.Train.Loss), exact(r.Train.Accuracy), valLoss, valAcc,
			strconv.FormatFloat(r.Seconds, 'f', 2, 64), strconv.FormatFloat(r.ImagesPerSecond, 'f', 1, 64),
		})
	}
	c.Flush()
	return c.Error()
}
