package hdf5

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	superblockSize = 96
	// A symbol node has room for 2*leafK names, a B-tree node for 2*internalK symbol nodes. These are the defaults of
	// the HDF5 library; internalK is larger if a group would need more than one B-tree node.
	leafK, leastInternalK = 4, 16
	symbolEntrySize       = 40
	leastGlobalHeap       = 4096   // the library reads this many bytes of a global heap at once
	maxMessage            = 0xfff8 // bytes in a message of an object header
	maxName               = 1023   // bytes in a name; the format has no limit, but readers do

	nowhere = -1 // the undefined address
)

// An encoder encodes a file. b is the file up to the elements of the datasets, which follow it; index i of b is address
// i.
type encoder struct {
	b         []byte
	internalK int
	data      [][]float32
	dataSize  int      // bytes in data, with padding
	dataAt    []int    // indices in b of the addresses of datasets' elements, to which len(b) is still to be added
	strings   []string // objects of the global heap, numbered from 1
	heapAt    []int    // indices in b where the address of the global heap is to be set
	messages  int      // number of messages of the object header that is being written
}

// A place has the addresses of an object's header and, for a group, of its B-tree and local heap.
type place struct{ header, tree, heap int }

func encode(root *Group) (*encoder, error) {
	largest := root.largest()
	symbolNodes := (largest + 2*leafK - 1) / (2 * leafK)
	e := &encoder{b: make([]byte, superblockSize), internalK: max(leastInternalK, (symbolNodes+1)/2)}
	if e.internalK > math.MaxUint16/2 {
		return nil, fmt.Errorf("a group of %d names, want at most %d", largest, math.MaxUint16/2*4*leafK)
	}
	at, err := e.group(root)
	if err != nil {
		return nil, err
	}
	if len(e.strings) > math.MaxUint16 {
		return nil, fmt.Errorf("%d strings in attributes, want at most %d", len(e.strings), math.MaxUint16)
	}
	heap := e.globalHeap()
	for _, i := range e.heapAt {
		binary.LittleEndian.PutUint64(e.b[i:], uint64(heap))
	}
	for _, i := range e.dataAt {
		binary.LittleEndian.PutUint64(e.b[i:], binary.LittleEndian.Uint64(e.b[i:])+uint64(len(e.b)))
	}
	copy(e.b, e.superblock(at))
	return e, nil
}

// superblock returns a superblock of version 0. It ends with the entry of the root group.
func (e *encoder) superblock(root place) []byte {
	s := &encoder{}
	s.text(signature)
	s.u8(0, 0, 0, 0, 0, 8, 8, 0) // versions and reserved bytes; sizes of an address and of a length
	s.u16(leafK, e.internalK)
	s.u32(0)
	s.u64(0, nowhere, len(e.b)+e.dataSize, nowhere) // base, free space, end of the file, driver
	s.symbol(0, root)
	return s.b
}

// group writes the members of a group and then the group.
func (e *encoder) group(g *Group) (place, error) {
	names, err := g.children()
	if err != nil {
		return place{}, err
	}
	at := make([]place, len(names))
	for i, name := range names {
		if sub := g.Groups[name]; sub != nil {
			at[i], err = e.group(sub)
		} else {
			at[i], err = e.dataset(g.Datasets[name])
		}
		if err != nil {
			return place{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	attributes, err := g.attributes()
	if err != nil {
		return place{}, err
	}
	var p place
	p.heap, p.tree = e.symbols(names, at)
	p.header, err = e.header(func() error {
		if err := e.message(msgSymbolTable, func() { e.u64(p.tree, p.heap) }); err != nil {
			return err
		}
		for _, name := range attributes {
			list, isList := g.Lists[name]
			shape := []int{len(list)}
			if !isList {
				list, shape = []string{g.Strings[name]}, nil
			}
			if err := e.message(msgAttribute, func() { e.attribute(name, shape, list) }); err != nil {
				return fmt.Errorf("attribute %s: %w", name, err)
			}
		}
		return nil
	})
	return p, err
}

func (e *encoder) dataset(d Dataset) (place, error) {
	n, err := elements(d.Shape, 4)
	if err == nil && n != len(d.Data) {
		err = fmt.Errorf("%d elements, want %d for shape %v", len(d.Data), n, d.Shape)
	}
	if err != nil {
		return place{}, err
	}
	at := e.dataSize
	e.data = append(e.data, d.Data)
	e.dataSize += padded(4 * n)
	header, err := e.header(func() error {
		if err := e.message(msgDataspace, func() { e.dataspace(d.Shape) }); err != nil {
			return err
		}
		if err := e.message(msgDatatype, func() { e.bytes(float32Type) }); err != nil {
			return err
		}
		// Version 2: allocated late, filled if a fill value is set, which is the default.
		if err := e.message(msgFillValue, func() { e.u8(2, 2, 2, 1); e.u32(0) }); err != nil {
			return err
		}
		return e.message(msgLayout, func() {
			e.u8(3, 1) // version 3, contiguous
			if n == 0 {
				e.u64(nowhere, 0)
				return
			}
			e.dataAt = append(e.dataAt, len(e.b))
			e.u64(at, 4*n)
		})
	})
	return place{header: header}, err
}
