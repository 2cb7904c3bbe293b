package nn

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// Init is the distribution of a parameter's initial values. The zero value is HeNormal.
type Init struct {
	kind  initKind
	scale float64
}

type initKind uint8

const (
	heNormal initKind = iota
	glorotUniform
	normal
	constant
)

// The initialisers. fan_in is I*H*W, fan_out O*H*W.
var (
	HeNormal      = Init{kind: heNormal}      // normal(0, sqrt(2/fan_out)): He et al. 2015, torchvision's fan_out mode
	GlorotUniform = Init{kind: glorotUniform} // uniform(±sqrt(6/(fan_in+fan_out))): Glorot and Bengio 2010
	Zeros         = Init{kind: constant}
	Ones          = Init{kind: constant, scale: 1}
)

// Normal is a normal distribution of mean 0 and the given standard deviation.
func Normal(std float64) Init { return Init{kind: normal, scale: std} }

// Fill writes initial values. They depend on the seed and the parameter's full name alone, so that adding a layer does
// not change the values of the others.
func (i Init) Fill(dst []float32, shape Shape, seed uint64, name string) {
	h := fnv.New64a()
	h.Write([]byte(name))
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	spatial := shape.H * shape.W
	switch i.kind {
	case constant:
		for k := range dst {
			dst[k] = float32(i.scale)
		}
	case glorotUniform:
		limit := math.Sqrt(6 / float64((shape.N+shape.C)*spatial))
		for k := range dst {
			dst[k] = float32((2*rng.Float64() - 1) * limit)
		}
	default:
		std := i.scale
		if i.kind == heNormal {
			std = math.Sqrt(2 / float64(shape.N*spatial))
		}
		for k := range dst {
			dst[k] = float32(rng.NormFloat64() * std)
		}
	}
}

// Initialize gives every parameter of an executor its initial value.
func Initialize(e Executor, g *Graph, seed uint64) error {
	for _, v := range g.Parameters() {
		p := g.Param(v)
		w := make([]float32, p.Shape.Elems())
		p.Init.Fill(w, p.Shape, seed, g.ValueName(v))
		if err := e.Write(Ref{Value: v}, Bytes(w)); err != nil {
			return err
		}
	}
	return nil
}
