package nn

// A Value names one tensor of a Graph: an input, a parameter, an activation or something that a forward pass saves for
// its backward pass.
type Value int32

// An Op says what a node computes. It knows shapes, parameters and cost; it knows no memory and no device.
type Op interface {
	// Kind is the op's name in tests, profiles and errors: "conv2d".
	Kind() string
	// Infer gives everything the node reads and writes, for one image.
	Infer(in []Type) (Signature, error)
	// FLOPs is the forward cost for one image; a multiply-add counts as 2.
	FLOPs(in []Type) int64
}

// Signature is what a node reads and writes besides its inputs, for one image.
type Signature struct {
	Out    Type
	Params []Param
	// Saved tensors are written by forward for backward, such as batch norm's save_mean and save_invstd. PerImage ones
	// grow with the batch.
	Saved []Saved
	// ReadsX and ReadsY say whether the backward pass reads the node's inputs and its output again; the planner keeps
	// them alive until then.
	ReadsX, ReadsY bool
}

// Saved is a tensor that forward leaves for backward.
type Saved struct {
	Type     Type
	PerImage bool // N is the batch; otherwise there is one for the whole batch
}

// Param is a parameter or a running statistic of a node.
type Param struct {
	Name      string // "weight"; the full name has the node's before it: "stem.weight"
	Shape     Shape
	Dims      int   // how many of Shape's numbers PyTorch counts: 4 conv, 2 linear, 1 vector
	Init      Init  // value before training
	Trainable bool  // false for running_mean and running_var
	Decay     bool  // whether weight decay applies: not to batch norm and biases
	Flat      Shape // linear: the C, H, W that its flattened input came from
}

// vector is a parameter with one value per channel.
func vector(name string, c int, init Init, trainable bool) Param {
	return Param{Name: name, Shape: Shape{c, 1, 1, 1}, Dims: 1, Init: init, Trainable: trainable}
}
