package cpu

// SumRows adds the rows of x to sum, as for the gradient of a bias: sum[j] += Σ_p x[p,j].
func (k *Kernels) SumRows(sum, x []float32) {
	if rows := rowsOf("SumRows", len(x), len(sum)); rows > 0 {
		k.vector.sumRows(rows, sum, x)
	}
}

// AddRow adds one row to every row of y, as for a bias: y[p,j] += row[j], with relu y[p,j] = max(y[p,j]+row[j], 0).
// A NaN stays NaN.
func (k *Kernels) AddRow(y, row []float32, relu bool) {
	if rows := rowsOf("AddRow", len(y), len(row)); rows > 0 {
		k.vector.addRow(rows, y, row, floor(relu))
	}
}

func sumRowsGo(rows int, sum, x []float32) {
	c := len(sum)
	for range rows {
		for j, v := range x[:c] {
			sum[j] += v
		}
		x = x[c:]
	}
}

func addRowGo(rows int, y, row []float32, floor float32) {
	c := len(row)
	for range rows {
		y0 := y[:c:c]
		for j, r := range row {
			v := y0[j] + r
			if v < floor {
				v = floor
			}
			y0[j] = v
		}
		y = y[c:]
	}
}
