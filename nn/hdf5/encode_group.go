package hdf5

// symbols writes the local heap, symbol nodes and B-tree of a group: its names in order, and the places of its members.
func (e *encoder) symbols(names []string, at []place) (heap, tree int) {
	offsets, size := make([]int, len(names)), 8 // the empty name comes first
	for i, name := range names {
		offsets[i] = size
		size += padded(len(name) + 1)
	}
	heap = len(e.b)
	e.text("HEAP")
	e.u32(0) // version 0
	const noFree = 1
	e.u64(size, noFree, heap+32) // size of the names, no free list, address of the names, which follow
	e.u64(0)
	for _, name := range names {
		e.text(name)
		e.zeros(padded(len(name)+1) - len(name))
	}

	var nodes, last []int // addresses of the symbol nodes, and offset of the last name of each
	for i := 0; i < len(names); i += 2 * leafK {
		end := min(i+2*leafK, len(names))
		nodes, last = append(nodes, len(e.b)), append(last, offsets[end-1])
		e.text("SNOD")
		e.u8(1, 0) // version 1
		e.u16(end - i)
		for k := i; k < end; k++ {
			e.symbol(offsets[k], at[k])
		}
		e.zeros((i + 2*leafK - end) * symbolEntrySize)
	}

	tree = len(e.b)
	e.text("TREE")
	e.u8(0, 0) // of a group; level 0, so that its children are symbol nodes
	e.u16(len(nodes))
	e.u64(nowhere, nowhere) // siblings
	e.u64(0)                // the empty name
	for i := range nodes {
		e.u64(nodes[i], last[i])
	}
	e.zeros((2*e.internalK - len(nodes)) * 16)
	return heap, tree
}

// symbol writes an entry of a symbol node: the offset of a name and the place of its object.
func (e *encoder) symbol(name int, p place) {
	e.u64(name, p.header)
	if p.tree == 0 {
		e.zeros(24)
		return
	}
	e.u32(1) // the entry of a group repeats the addresses of its B-tree and heap
	e.u32(0)
	e.u64(p.tree, p.heap)
}

// globalHeap writes the strings of all attributes.
func (e *encoder) globalHeap() int {
	const prefix = 16 // bytes before the first object and before the content of each
	size := prefix
	for _, s := range e.strings {
		size += prefix + padded(len(s))
	}
	at, used := len(e.b), size
	size = max(leastGlobalHeap, used+prefix)
	e.text("GCOL")
	e.u32(1) // version 1
	e.u64(size)
	for i, s := range e.strings {
		e.u16(i+1, 0)
		e.u32(0)
		e.u64(len(s))
		e.text(s)
		e.zeros(padded(len(s)) - len(s))
	}
	e.u64(0) // object 0 is the free space, its prefix included
	e.u64(size - used)
	e.zeros(size - used - prefix)
	return at
}
