// Package safetensors reads and writes the safetensors file format:
//
//	8 bytes    length of the header, little-endian
//	header     JSON: {"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets"}, ...}
//	data       the tensors' elements, little-endian, row-major, without gaps
//
// Offsets count from the start of the data. The reader refuses files in which two programs could see different tensors:
// those with duplicate names, gaps, overlaps, sizes that contradict shapes, or trailing bytes.
package safetensors
