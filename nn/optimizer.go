package nn

import (
	"fmt"
	"math"

	"resnet/nn/internal/enum"
)

// StepParamsLen is the number of float32 scalars that an optimiser reads in each step.
const StepParamsLen = 4

// StepParams are an optimiser's scalars for one step; each optimiser defines what they mean.
type StepParams [StepParamsLen]float32

// An Optimizer updates parameters from gradients. It is part of the plan.
type Optimizer interface {
	Kind() string // "adam"
	// States is the number of float32 values that it keeps for each parameter.
	States() int
	// StepParams gives the scalars of step t, counted from 1, at learning rate lr.
	StepParams(t int64, lr float64) StepParams
}

// OptimizerConfig are the settings of an optimiser; OptimizerKind says which of them it has.
type OptimizerConfig struct {
	LR          float64
	Momentum    float64
	Nesterov    bool
	WeightDecay float64
}

// OptimizerKind is an entry of the optimisers' registry.
type OptimizerKind struct {
	Name, About string
	Defaults    OptimizerConfig
	Momentum    bool // has the settings Momentum and Nesterov
	Decay       bool // has the setting WeightDecay
	New         func(c OptimizerConfig) Optimizer
}

var optimizerKinds = []OptimizerKind{
	{
		Name: "adam", About: "Adam with Keras' epsilon", Defaults: OptimizerConfig{LR: 1e-3},
		New: func(OptimizerConfig) Optimizer { return NewAdam() },
	},
	{
		Name: "adamw", About: "Adam with decoupled weight decay",
		Defaults: OptimizerConfig{LR: 1e-3, WeightDecay: NewAdamW().Decay}, Decay: true,
		New: func(c OptimizerConfig) Optimizer {
			o := NewAdamW()
			o.Decay = c.WeightDecay
			return o
		},
	},
	{
		Name: "sgd", About: "stochastic gradient descent",
		Defaults: OptimizerConfig{LR: 1e-2, Momentum: 0.9, Nesterov: true}, Momentum: true, Decay: true,
		New: func(c OptimizerConfig) Optimizer { return SGD{c.Momentum, c.WeightDecay, c.Nesterov} },
	},
}

// OptimizerKinds lists the optimisers; the first is the default.
func OptimizerKinds() []OptimizerKind { return optimizerKinds }

// OptimizerNames lists their names.
func OptimizerNames() []string {
	var names []string
	for _, k := range optimizerKinds {
		names = append(names, k.Name)
	}
	return names
}

// LookupOptimizer returns the optimiser of that name.
func LookupOptimizer(name string) (OptimizerKind, error) {
	for _, k := range optimizerKinds {
		if k.Name == name {
			return k, nil
		}
	}
	return OptimizerKind{}, fmt.Errorf("optimizer %q, want %s", name, enum.List(OptimizerNames()))
}

// Adam (Kingma and Ba 2015) as in Keras, with epsilon outside the bias correction:
//
//	m = Beta1*m + (1-Beta1)*g;  v = Beta2*v + (1-Beta2)*g²
//	p -= lr * sqrt(1-Beta2^t)/(1-Beta1^t) * m / (sqrt(v) + Eps)
//
// StepParams[0] is the step size lr*sqrt(1-Beta2^t)/(1-Beta1^t).
type Adam struct{ Beta1, Beta2, Eps float64 }

// NewAdam returns Adam with Keras' defaults: 0.9, 0.999, 1e-7 (PyTorch's Eps is 1e-8).
func NewAdam() Adam { return Adam{0.9, 0.999, 1e-7} }

func (Adam) Kind() string { return "adam" }
func (Adam) States() int  { return 2 }

func (o Adam) StepParams(t int64, lr float64) StepParams {
	return StepParams{float32(lr * math.Sqrt(1-math.Pow(o.Beta2, float64(t))) / (1 - math.Pow(o.Beta1, float64(t))))}
}

// AdamW (Loshchilov and Hutter 2019) as in PyTorch, with decay decoupled from the gradient; biases and batch norm do
// not decay:
//
//	p *= 1 - lr*Decay
//	p -= lr/(1-Beta1^t) * m / (sqrt(v)/sqrt(1-Beta2^t) + Eps)
//
// StepParams[0] is lr/(1-Beta1^t), StepParams[1] 1/sqrt(1-Beta2^t), StepParams[2] 1-lr*Decay.
type AdamW struct{ Beta1, Beta2, Eps, Decay float64 }

// NewAdamW returns AdamW with PyTorch's defaults: 0.9, 0.999, 1e-8, decay 1e-2.
func NewAdamW() AdamW { return AdamW{0.9, 0.999, 1e-8, 1e-2} }

func (AdamW) Kind() string { return "adamw" }
func (AdamW) States() int  { return 2 }

func (o AdamW) StepParams(t int64, lr float64) StepParams {
	return StepParams{
		float32(lr / (1 - math.Pow(o.Beta1, float64(t)))),
		float32(1 / math.Sqrt(1-math.Pow(o.Beta2, float64(t)))),
		float32(1 - lr*o.Decay),
	}
}

// SGD is stochastic gradient descent with momentum as in PyTorch:
//
//	g += Decay*p (for parameters that decay);  v = Momentum*v + g
//	p -= lr * (g + Momentum*v) with Nesterov, lr * v without
//
// StepParams[0] is lr.
type SGD struct {
	Momentum, Decay float64
	Nesterov        bool
}

func (SGD) Kind() string { return "sgd" }
func (SGD) States() int  { return 1 }

func (SGD) StepParams(_ int64, lr float64) StepParams { return StepParams{float32(lr)} }
