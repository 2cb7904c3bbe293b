package infer

// Score is a mean loss and the fraction of images classified correctly.
type Score struct {
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
}
