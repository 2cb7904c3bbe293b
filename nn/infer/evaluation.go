package infer

// Score is a mean loss and the fraction of images classified correctly.
type Score struct {
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
}

// ScoreOf is the score on n images from the metrics, a loss sum and a count of correct images.
func ScoreOf(metrics [2]float64, n int) Score {
	return Score{Loss: metrics[0] / float64(n), Accuracy: metrics[1] / float64(n)}
}

// Evaluation is the performance of a network on a set of images.
type Evaluation struct {
	Images int `json:"images"`
	Score
	// Confusion counts images by label (row) and prediction (column).
	Confusion [][]int      `json:"confusion"`
	Classes   []ClassScore `json:"classes"` // by label
	// Macro is the unweighted mean over the classes that have images; its support is the number of images.
	Macro ClassScore `json:"macro"`
	// Probabilities are those of the classes for each image, in the order of the images that were evaluated.
	Probabilities [][]float32 `json:"-"`
}

// ClassScore is precision TP/(TP+FP), recall TP/(TP+FN), their harmonic mean F1 = 2TP/(2TP+FP+FN), and the number of
// images with this label. 0/0 counts as 0.
type ClassScore struct {
	Name      string  `json:"name,omitempty"` // set by Model.Evaluate
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Support   int     `json:"support"`
}

func classScores(confusion [][]int) (classes []ClassScore, macro ClassScore) {
	classes = make([]ClassScore, len(confusion))
	var present float64
	for c := range classes {
		tp, predicted, support := confusion[c][c], 0, 0
		for i := range confusion {
			support += confusion[c][i]
			predicted += confusion[i][c]
		}
		s := ClassScore{Precision: ratio(tp, predicted), Recall: ratio(tp, support), F1: ratio(2*tp, predicted+support),
			Support: support}
		classes[c] = s
		if support == 0 {
			continue
		}
		present++
		macro.Precision += s.Precision
		macro.Recall += s.Recall
		macro.F1 += s.F1
		macro.Support += support
	}
	macro.Precision /= present
	macro.Recall /= present
	macro.F1 /= present
	return classes, macro
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
