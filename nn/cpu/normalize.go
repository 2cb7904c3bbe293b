package cpu

import "resnet/nn"

func init() { register(bindNormalize) }

// bindNormalize returns the stage that looks up every pixel in the op's table.
func bindNormalize(c *binding, op nn.Normalize) kernel {
	y := c.out()
	var table [][256]float32
	if !c.counts(256 * y.c) {
		table = op.Table(y.c)
	}
	count, length := lines(y.layout)
	return kernel{forward: []stage{{kind: stageImage, image: func(w *worker, i int) {
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
