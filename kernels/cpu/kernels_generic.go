package cpu

// portable holds the kernels in Go without assembly.
var portable = Kernels{
	ISA:      Portable,
	Lanes:    portableLanes,
	Rows:     portableRows,
	RowsT:    portableRows,
	Tile:     [2][]TileFunc{portableTiles(portableLanes, false), portableTiles(2*portableLanes, false)},
	TileT:    [2][]TileFunc{portableTiles(portableLanes, true), portableTiles(2*portableLanes, true)},
	Winograd: portableWinograd(),
	Resample: portableResample,
	vector:   portableVectors,
	// 8 chains, a multiplication and an addition each.
	peakFlops: 8 * 2,
}
