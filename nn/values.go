package nn

import "fmt"

// CheckFinite returns an error for the first element that is NaN or infinite.
func CheckFinite(x []float32) error {
	for i, v := range x {
		if v-v != 0 {
			return fmt.Errorf("element %d is %v, want finite numbers", i, v)
		}
	}
	return nil
}

// CheckValues returns an error for the first element of the parameter's value that is not finite, or that is negative
// in a running variance.
func (p *Param) CheckValues(x []float32) error {
	if err := CheckFinite(x); err != nil || p.Name != runningVar {
		return err
	}
	for i, v := range x {
		if v < 0 {
			return fmt.Errorf("element %d is %v, want a variance of 0 or more", i, v)
		}
	}
	return nil
}
