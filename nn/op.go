package nn

// A Value names one tensor of a Graph: an input, a parameter, an activation, or a tensor that a forward pass saves for
// its backward pass.
type Value int32

// An Op is what a node computes: its shapes, parameters and cost, independent of memory and device.
type Op interface {
	// Kind is the op's name in tests, profiles and errors: "conv2d".
	Kind() string
	// Infer checks the types of the inputs and returns what the node reads and writes, for one image.
	Infer(in []Type) (Signature, error)
	// FLOPs is the forward cost for one image; a multiply-add counts as 2.
	FLOPs(in []Type) int64
}

// Signature is what a node reads and writes besides its inputs, for one image.
type Signature struct {
	Out    Type
	Params []Param
	// Saved tensors are written by forward and read by backward, such as batch norm's save_mean and save_invstd.
	Saved []Saved
	// ReadsX and ReadsY say whether the backward pass reads the node's inputs and its output; the planner keeps them in
	// memory until then.
	ReadsX, ReadsY bool
}

// Saved is a tensor that the forward pass keeps for the backward pass.
type Saved struct {
	Type     Type
	PerImage bool // one for each image; otherwise one for the whole batch
}

// Param is a parameter or a running statistic of a node.
type Param struct {
	Name      string // "weight"; the full name starts with the node's: "stem.weight"
	Shape     Shape
	Dims      int   // the number of dimensions in PyTorch: 4 conv, 2 linear, 1 vector
	Init      Init  // value before training
	Trainable bool  // false for running_mean and running_var
	Decay     bool  // whether weight decay applies: not to batch norm and biases
	Flat      Shape // linear: the shape of its input before flattening
}

// vector is a parameter with one value per channel.
func vector(name string, c int, init Init, trainable bool) Param {
	return Param{Name: name, Shape: Shape{c, 1, 1, 1}, Dims: 1, Init: init, Trainable: trainable}
}
