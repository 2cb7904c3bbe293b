// Package safetensors reads and writes the safetensors file format:
//
//	8 bytes    length of the header, little-endian
//	header     JSON: {"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets"}, ...}
//	data       the tensors' elements, little-endian, row-major, without gaps
//
// Offsets count from the start of the data. A reader refuses whatever would let two programs see different tensors in
// one file: duplicate names, gaps, overlaps, sizes that contradict shapes, trailing bytes.
package safetensors
