package nn

// Ops lists every op, with settings that it accepts on an image of a few channels and an even size. Backends, reference
// and exporters are held against it: one that has no code for an op says so.
func Ops() []Op {
	return []Op{
		Normalize{},
		Conv{Out: 4, Kernel: 3, Pad: Padding(1)},
		BatchNorm{},
		ReLU{},
		Add{},
		AvgPool{Kernel: 2},
		MaxPool{Kernel: 2},
		GlobalAvgPool{},
		Linear{Out: 4},
		SoftmaxCrossEntropy{},
	}
}
