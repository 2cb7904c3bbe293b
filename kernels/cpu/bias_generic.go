package cpu

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
