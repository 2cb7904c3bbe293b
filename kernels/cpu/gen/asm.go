package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// target is an instruction set and the shapes that fill its registers.
type target struct {
	isa         string
	lanes       int // float32 per vector
	rows, rowsT int // largest row count of a tile, and of a tile with A transposed
	reduceBlock int // vectors of one row that a reduction sums at once
}

var (
	avx2   = target{isa: "AVX2", lanes: 8, rows: 6, rowsT: 6, reduceBlock: 2}
	avx512 = target{isa: "AVX512", lanes: 16, rows: 14, rowsT: 8, reduceBlock: 4}
)

// Comparison predicates of VCMPPS.
const (
	unordered      = 0x03 // a or b is NaN
	notLessOrEqual = 0x16 // a > b, or a or b is NaN
)

// asm emits instructions for one target. Between beginTail and endTail every load and store is masked, so that the same
// kernel body handles full vectors and the last, partial one.
type asm struct {
	*build.Context
	target
	slices, scalars []string     // the float32 parameters of the open function
	ones            operand.Mem  // AVX2: 8 words of ones, then 8 of zeros
	tail            reg.Register // mask of the partial vector, nil outside of it
}

// mems holds an address in each slice, and regs a register for each scalar, by the parameter's name.
type (
	mems = map[string]operand.Mem
	regs = map[string]reg.VecVirtual
)

func newAsm(t target) *asm { return &asm{Context: build.NewContext(), target: t} }

func (g *asm) bytes() int { return 4 * g.lanes }

// open starts the function of a kernel.
func (g *asm) open(k kernel) {
	g.Function(k.name + g.isa)
	g.Attributes(attr.NOSPLIT)
	g.Pragma("noescape")
	g.SignatureExpr(k.signature())
	g.Doc(k.name + g.isa + " implements " + k.implements + ".")
	g.slices, g.scalars = k.floats()
}

// ret ends the function. VZEROUPPER avoids the penalty that the SSE code of Go's compiler would pay after AVX.
func (g *asm) ret() {
	g.VZEROUPPER()
	g.RET()
}

func (g *asm) vec() reg.VecVirtual {
	if g.lanes == 16 {
		return g.ZMM()
	}
	return g.YMM()
}

func (g *asm) zero() reg.VecVirtual {
	v := g.vec()
	g.VXORPS(v, v, v)
	return v
}

func (g *asm) load(m operand.Mem) reg.VecVirtual {
	v := g.vec()
	switch {
	case g.tail == nil:
		g.VMOVUPS(m, v)
	case g.lanes == 16:
		g.VMOVUPS_Z(m, g.tail, v)
	default:
		g.VMASKMOVPS(m, g.tail, v)
	}
	return v
}

// source returns an operand to read m by: m itself, or in a tail, where that would read beyond the end, a register that
// m is loaded to.
func (g *asm) source(m operand.Mem) operand.Op {
	if g.tail == nil {
		return m
	}
	return g.load(m)
}

func (g *asm) store(v reg.Register, m operand.Mem) {
	switch {
	case g.tail == nil:
		g.VMOVUPS(v, m)
	case g.lanes == 16:
		g.VMOVUPS(v, g.tail, m)
	default:
		g.VMASKMOVPS(v, g.tail, m)
	}
}

// where loads m and sets every lane to 0 in which the comparison "a predicate b" is false.
func (g *asm) where(predicate int, a reg.Register, b reg.Register, m operand.Mem) reg.VecVirtual {
	imm := operand.U8(predicate)
	v := g.vec()
	if g.lanes == 16 {
		k := g.K()
		if g.tail == nil {
			g.VCMPPS(imm, b, a, k)
		} else {
			g.VCMPPS(imm, b, a, g.tail, k)
		}
		g.VMOVUPS_Z(m, k, v)
		return v
	}
	g.VCMPPS(imm, b, a, v)
	g.VANDPS(g.source(m), v, v)
	return v
}

// broadcast loads a float32 argument into every lane of a vector.
func (g *asm) broadcast(param string) reg.VecVirtual {
	b, err := g.Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	v := g.vec()
	g.VBROADCASTSS(b.Addr, v)
	return v
}

func (g *asm) pointer(slice string) reg.Register { return g.Load(g.Param(slice).Base(), g.GP64()) }
func (g *asm) length(slice string) reg.Register  { return g.Load(g.Param(slice).Len(), g.GP64()) }

// beginTail sets the mask to the first n lanes, 0 < n < lanes.
func (g *asm) beginTail(n reg.Register) {
	if g.lanes == 16 {
		bits, k := g.GP32(), g.K()
		g.MOVL(operand.U32(1<<16-1), bits)
		g.BZHIL(n.(reg.GP).As32(), bits, bits)
		g.KMOVW(bits, k)
		g.tail = k
		return
	}
	base, mask := g.GP64(), g.YMM()
	g.LEAQ(g.onesThenZeros().Offset(4*g.lanes), base)
	neg := g.GP64()
	g.MOVQ(n, neg)
	g.NEGQ(neg)
	g.VMOVUPS(operand.Mem{Base: base, Index: neg, Scale: 4}, mask)
	g.tail = mask
}

func (g *asm) endTail() { g.tail = nil }

func (g *asm) onesThenZeros() operand.Mem {
	if g.ones.Base == nil {
		g.ones = g.StaticGlobal("ones")
		g.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 2 * g.lanes {
			word := uint32(0)
			if i < g.lanes {
				word = 1<<32 - 1
			}
			g.AddDatum(4*i, operand.U32(word))
		}
	}
	return g.ones
}

// loop sets the label of a hot loop, aligned to a cache line.
func (g *asm) loop(label string) {
	g.Instruction(&ir.Instruction{Opcode: "PCALIGN", Operands: []operand.Op{operand.Imm(64)}})
	g.Label(label)
}

// imm returns n as an immediate of 8 or, if that is too small, 32 bits.
func imm(n int) operand.Op {
	if n < 1<<8 {
		return operand.U8(n)
	}
	return operand.U32(n)
}
