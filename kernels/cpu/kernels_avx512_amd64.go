package cpu

var kernelsAVX512 = Kernels{
	ISA:   AVX512,
	Lanes: 16,
	Rows:  14,
	RowsT: 8,
	Tile: [2][]TileFunc{
		{
			nil, tile1x16AVX512, tile2x16AVX512, tile3x16AVX512, tile4x16AVX512, tile5x16AVX512, tile6x16AVX512,
			tile7x16AVX512, tile8x16AVX512, tile9x16AVX512, tile10x16AVX512, tile11x16AVX512, tile12x16AVX512,
			tile13x16AVX512, tile14x16AVX512,
		},
		{
			nil, tile1x32AVX512, tile2x32AVX512, tile3x32AVX512, tile4x32AVX512, tile5x32AVX512, tile6x32AVX512,
			tile7x32AVX512, tile8x32AVX512, tile9x32AVX512, tile10x32AVX512, tile11x32AVX512, tile12x32AVX512,
			tile13x32AVX512, tile14x32AVX512,
		},
	},
	TileT: [2][]TileFunc{
		{
			nil, tileT1x16AVX512, tileT2x16AVX512, tileT3x16AVX512, tileT4x16AVX512, tileT5x16AVX512,
			tileT6x16AVX512, tileT7x16AVX512, tileT8x16AVX512,
		},
		{
			nil, tileT1x32AVX512, tileT2x32AVX512, tileT3x32AVX512, tileT4x32AVX512, tileT5x32AVX512,
			tileT6x32AVX512, tileT7x32AVX512, tileT8x32AVX512,
		},
	},
	Winograd: Winograd{
		Input:          winogradInputAVX512,
		Output:         winogradOutputAVX512,
		OutputAdd:      winogradOutputAddAVX512,
		Gradient:       winogradGradientAVX512,
		Filter:         winogradFilterAVX512,
		FilterGradient: winogradFilterGradientAVX512,
	},
	vector: vectorKernels{
		stats:                statsAVX512,
		sumRows:              sumRowsAVX512,
		scaleShift:           scaleShiftAVX512,
		addRow:               addRowAVX512,
		batchNormReduce:      batchNormReduceAVX512,
		batchNormBackward:    batchNormBackwardAVX512,
		batchNormBackwardAdd: batchNormBackwardAddAVX512,
		add:                  addAVX512,
		relu:                 reluAVX512,
		reluBackward:         reluBackwardAVX512,
		reluBackwardAdd:      reluBackwardAddAVX512,
		addScaled:            addScaledAVX512,
		scale:                scaleAVX512,
		max:                  maxAVX512,
		adam:                 adamAVX512,
		sgd:                  sgdAVX512,
		nesterov:             nesterovAVX512,
		peakFMA:              peakFMAAVX512,
		// 12 chains of vectors, two operations to an FMA.
		peakFlops: 12 * 16 * 2,
	},
}
