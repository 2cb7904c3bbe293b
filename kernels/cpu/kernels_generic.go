package cpu

// portable holds the Go twins of the assembly kernels. Its names are those of the table: each implements the method
// that the table entry is bound to.
var portable = Kernels{
	ISA:      Portable,
	Lanes:    portableLanes,
	Rows:     portableRows,
	RowsT:    portableRows,
	Tile:     [2][]TileFunc{portableTiles(portableLanes, false), portableTiles(2*portableLanes, false)},
	TileT:    [2][]TileFunc{portableTiles(portableLanes, true), portableTiles(2*portableLanes, true)},
	Winograd: portableWinograd(),
	vector: vectorKernels{
		stats:                statsGo,
		sumRows:              sumRowsGo,
		scaleShift:           scaleShiftGo,
		addRow:               addRowGo,
		batchNormReduce:      batchNormReduceGo,
		batchNormBackward:    batchNormBackwardGo,
		batchNormBackwardAdd: batchNormBackwardAddGo,
		add:                  addGo,
		relu:                 reluGo,
		reluBackward:         reluBackwardGo,
		reluBackwardAdd:      reluBackwardAddGo,
		addScaled:            addScaledGo,
		scale:                scaleGo,
		max:                  maxGo,
		adam:                 adamGo,
		sgd:                  sgdGo,
		nesterov:             nesterovGo,
		peakFMA:              peakFMAGo,
		// 8 chains, a multiplication and an addition each.
		peakFlops: 8 * 2,
	},
}
