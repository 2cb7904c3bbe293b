// Package memory compares what is about to be allocated with what the machine has, so that a number out of a file or
// from the command line ends in one line instead of the system's out-of-memory killer.
package memory

import (
	"fmt"
	"math"
)

// Product multiplies sizes, none of them negative. It reports false if the product overflows an int64.
func Product(sizes ...int) (int64, bool) {
	product := int64(1)
	for _, n := range sizes {
		if n == 0 {
			return 0, true
		}
	}
	for _, n := range sizes {
		if n < 0 || product > math.MaxInt64/int64(n) {
			return 0, false
		}
		product *= int64(n)
	}
	return product, true
}

// Fits returns an error if need bytes are more than this process can still get. Where the system does not tell how much
// that is, everything fits. The error says both numbers: "needs 12.3 GB, this machine has 3.1 GB".
func Fits(need int64) error {
	if have, ok := Available(); ok && need > have {
		return &TooLarge{Need: need, Have: have, Of: "this machine"}
	}
	return nil
}

// TooLarge is the error of a plan that exceeds a memory.
type TooLarge struct {
	Need, Have int64  // bytes
	Of         string // whose memory it is
}

func (e *TooLarge) Error() string {
	return fmt.Sprintf("needs %s, %s has %s", Format(e.Need), e.Of, Format(e.Have))
}

// Format writes a number of bytes with three digits and a decimal unit: "512 B", "68.2 kB", "1.25 GB".
func Format(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	x, unit := float64(n), -1
	for x >= 999.5 {
		x /= 1000
		unit++
	}
	return fmt.Sprintf("%.*f %cB", 2-min(2, int(math.Log10(x))), x, "kMGTPE"[unit])
}
