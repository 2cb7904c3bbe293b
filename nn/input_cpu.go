package nn

// bindInput makes y = (x/255 - mean[c]) / std[c] from a table of the 256 values
// that each channel can take.
func bindInput(c *cpuBinding, op Input) cpuKernel {
	y := c.out()
	table := make([][256]float32, y.c)
	for ch := range table {
		mean, std := 0.0, 1.0
		if len(op.Mean) > 0 {
			mean = float64(op.Mean[ch])
		}
		if len(op.Std) > 0 {
			std = float64(op.Std[ch])
		}
		for v := range table[ch] {
			table[ch][v] = float32((float64(v)/255 - mean) / std)
		}
	}
	count, length := lines(y.layout)
	return cpuKernel{forward: []stage{{kind: stageImage, image: func(w *worker, i int) {
		to := y.image(w, i)
		src := c.pixels[i*count*length:]
		for r := range count {
			line := y.line(to, r, length)
			for k, v := range src[r*length : (r+1)*length] {
				line[k] = table[k%len(table)][v]
			}
		}
		y.clearPads(to)
	}}}}
}
