// Package hdf5 reads and writes the part of the HDF5 file format that Keras needs: groups, contiguous float datasets of
// 32 or 64 bits, or of 16 to read, and attributes that are strings or lists of strings. It follows the HDF5 File Format
// Specification, version 3.0 (The HDF Group), and uses the structures that h5py writes by default and that every HDF5
// library since 1.8 reads:
//
//	superblock v0 -> root's object header
//	group         =  object header v1 {symbol table, attributes...}
//	                 B-tree v1 -> symbol nodes (offsets of names in a local heap, addresses of object headers)
//	dataset       =  object header v1 {dataspace, datatype, fill value, layout -> the elements}
//	attribute     =  name, datatype, dataspace, elements; strings of any length lie in a global heap
//
// All numbers are little-endian; addresses and lengths have 8 bytes. Other features of HDF5 (compressed chunks, the
// newer groups of libver="latest", links to other files, references) are refused with an error that names them.
// What is read besides elements has a budget, so that no file takes much more memory than it has bytes.
package hdf5
