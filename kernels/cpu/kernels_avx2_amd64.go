package cpu

var kernelsAVX2 = Kernels{
	ISA:   AVX2,
	Lanes: 8,
	Rows:  6,
	RowsT: 6,
	Tile: [2][]TileFunc{
		{
			nil, tile1x8AVX2, tile2x8AVX2, tile3x8AVX2, tile4x8AVX2, tile5x8AVX2, tile6x8AVX2,
		},
		{
			nil, tile1x16AVX2, tile2x16AVX2, tile3x16AVX2, tile4x16AVX2, tile5x16AVX2, tile6x16AVX2,
		},
	},
	TileT: [2][]TileFunc{
		{
			nil, tileT1x8AVX2, tileT2x8AVX2, tileT3x8AVX2, tileT4x8AVX2, tileT5x8AVX2, tileT6x8AVX2,
		},
		{
			nil, tileT1x16AVX2, tileT2x16AVX2, tileT3x16AVX2, tileT4x16AVX2, tileT5x16AVX2, tileT6x16AVX2,
		},
	},
	Winograd: Winograd{
		Input:          winogradInputAVX2,
		Output:         winogradOutputAVX2,
		OutputAdd:      winogradOutputAddAVX2,
		Gradient:       winogradGradientAVX2,
		Filter:         winogradFilterAVX2,
		FilterGradient: winogradFilterGradientAVX2,
	},
	vector: vectorKernels{
		stats:                statsAVX2,
		sumRows:              sumRowsAVX2,
		scaleShift:           scaleShiftAVX2,
		addRow:               addRowAVX2,
		batchNormReduce:      batchNormReduceAVX2,
		batchNormBackward:    batchNormBackwardAVX2,
		batchNormBackwardAdd: batchNormBackwardAddAVX2,
		add:                  addAVX2,
		relu:                 reluAVX2,
		reluBackward:         reluBackwardAVX2,
		reluBackwardAdd:      reluBackwardAddAVX2,
		addScaled:            addScaledAVX2,
		scale:                scaleAVX2,
		max:                  maxAVX2,
		adam:                 adamAVX2,
		sgd:                  sgdAVX2,
		nesterov:             nesterovAVX2,
		peakFMA:              peakFMAAVX2,
		// 12 chains of vectors, two operations to an FMA.
		peakFlops: 12 * 8 * 2,
	},
}
