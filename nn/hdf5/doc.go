// Package hdf5 reads and writes the part of the HDF5 file format that Keras needs: groups, float datasets that lie in
// one piece, and attributes that are strings or lists of strings. It follows the HDF5 File Format Specification,
// version 3.0 (The HDF Group), in the structures that every HDF5 library since 1.8 reads and that h5py writes unless
// told otherwise:
//
//	superblock v0 -> root's object header
//	group         =  object header v1 {symbol table, attributes...}
//	                 B-tree v1 -> symbol nodes (names' places in a local heap, children's object headers)
//	dataset       =  object header v1 {dataspace, datatype, fill value, layout -> the elements}
//	attribute     =  name, datatype, dataspace, elements; strings of any length lie in a global heap
//
// All numbers are little-endian, addresses and lengths 8 bytes. What else HDF5 has (compressed chunks, the newer groups
// of libver="latest", links to other files, references) is refused with an error that says so.
package hdf5
