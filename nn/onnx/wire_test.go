package onnx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"resnet/nn"
	"resnet/nn/internal/prototest"
	"resnet/nn/models"
	"resnet/nn/weights"
)

// A wire is a decoded message.
type wire prototest.Message

func decode(t testing.TB, b []byte) wire {
	t.Helper()
	return wire(prototest.Decode(t, b))
}

func (w wire) string(num protowire.Number) string {
	if len(w[num]) == 0 {
		return ""
	}
	return string(w[num][0].Bytes)
}

func (w wire) numbers(num protowire.Number) []int {
	var v []int
	for _, f := range w[num] {
		v = append(v, int(f.Number))
	}
	return v
}

func (w wire) strings(num protowire.Number) []string {
	var v []string
	for _, f := range w[num] {
		v = append(v, string(f.Bytes))
	}
	return v
}

func (w wire) messages(t testing.TB, num protowire.Number) []wire {
	t.Helper()
	var v []wire
	for _, f := range w[num] {
		v = append(v, decode(t, f.Bytes))
	}
	return v
}

// written decodes the model that Write writes.
func written(t testing.TB, g *nn.Graph, params Parameters, o Options) wire {
	t.Helper()
	var b bytes.Buffer
	must(t, Write(&b, g, params, o))
	return decode(t, b.Bytes())
}

// listing returns a model as text, with a line for the input, each node and the output.
func listing(t testing.TB, model wire) string {
	t.Helper()
	var b strings.Builder
	graph := model.messages(t, 7)[0]
	value := func(num protowire.Number) {
		v := graph.messages(t, num)[0]
		tensor := v.messages(t, 2)[0].messages(t, 1)[0]
		var dims []string
		for _, d := range tensor.messages(t, 2)[0].messages(t, 1) {
			dims = append(dims, d.string(2)+strings.Trim(fmt.Sprint(d.numbers(1)), "[]"))
		}
		fmt.Fprintf(&b, "%s type %d %s: %s\n", v.string(1), tensor.numbers(1)[0], strings.Join(dims, ","), v.string(3))
	}
	value(11)
	for _, n := range graph.messages(t, 1) {
		fmt.Fprintf(&b, "%s = %s %s", strings.Join(n.strings(2), " "), n.string(4), strings.Join(n.strings(1), " "))
		if n.string(3) != n.string(2) {
			fmt.Fprintf(&b, " (%s)", n.string(3))
		}
		for _, a := range n.messages(t, 5) {
			fmt.Fprintf(&b, " %s=", a.string(1))
			switch typ := a.numbers(20)[0]; typ { // AttributeProto.AttributeType
			case 1:
				fmt.Fprint(&b, math.Float32frombits(uint32(a[2][0].Number)))
			case 2:
				fmt.Fprint(&b, a[3][0].Number)
			case 7:
				fmt.Fprint(&b, a.numbers(8))
			default:
				t.Errorf("attribute %s of type %d", a.string(1), typ)
			}
		}
		b.WriteByte('\n')
	}
	value(12)
	return b.String()
}

func TestModelOfEveryOp(t *testing.T) {
	g := everyOp(t)
	const want = `images type 1 batch,2,6,5: pixels divided by 255 in N,C,H,W order
input/sub = Sub images input.mean
input/div = Div input/sub input.std
stem = Conv input/div stem.weight stem.bias kernel_shape=[3 3] pads=[2 0 0 1] strides=[1 1]
bn = BatchNormalization stem bn.weight bn.bias bn.running_mean bn.running_var epsilon=0.001
bn/relu = Relu bn
conv = Conv bn/relu conv.weight kernel_shape=[1 1] pads=[0 0 0 0] strides=[1 1]
relu = Relu conv
add = Add bn/relu relu
add/relu = Relu add
other = Add add/relu conv
maxpool = MaxPool other kernel_shape=[2 2] pads=[1 0 1 1] strides=[2 2]
avgpool = AveragePool maxpool kernel_shape=[2 2] pads=[0 1 1 0] strides=[1 1] count_include_pad=1
mean = GlobalAveragePool avgpool
avgpool/flatten = Flatten avgpool
fc1 = Gemm avgpool/flatten fc1.weight fc1.bias transB=1
fc1/relu = Relu fc1
fc1/relu/unsqueeze = Unsqueeze fc1/relu fc1/relu.axes
sum = Add fc1/relu/unsqueeze mean
norm = BatchNormalization sum norm.weight norm.bias norm.running_mean norm.running_var epsilon=1e-05
norm/flatten = Flatten norm
logits = Gemm norm/flatten fc2.weight fc2.bias (fc2) transB=1
logits type 1 batch,3: a score for each class; their softmax are probabilities
`
	if got := listing(t, written(t, g, eighths(g), Options{})); got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
	// The options change this: bytes as input, one batch norm fewer, probabilities as output.
	got := listing(t, written(t, g, eighths(g), Options{Batch: 4, Bytes: true, Softmax: true, Fold: true}))
	for _, want := range []string{
		`images type 2 4,6,5,2: pixels 0 to 255 in N,H,W,C order
input/transpose = Transpose images perm=[0 3 1 2]
input/cast = Cast input/transpose to=1
input/sub = Sub input/cast input.mean
input/div = Div input/sub input.std
stem = Conv input/div stem.weight stem.bias kernel_shape=[3 3] pads=[2 0 0 1] strides=[1 1]
bn/relu = Relu stem
conv = Conv bn/relu conv.weight kernel_shape`,
		"norm = BatchNormalization sum",
		`fc2 = Gemm norm/flatten fc2.weight fc2.bias transB=1
probabilities = Softmax fc2 (softmax)
probabilities type 1 4,3: a probability for each class
`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("wrote\n%s\nwant in it\n%s", got, want)
		}
	}
}

// A node that reads the logits reads them by the name of the output.
func TestLogitsReadTwice(t *testing.T) {
	g := classifier(func(g *nn.Graph, x nn.Value) nn.Value { return g.Apply("fc", nn.Linear{Out: 2}, x) })
	g.Apply("extra", nn.ReLU{}, g.Logits)
	must(t, g.Err())
	const want = `images/flatten = Flatten images
logits = Gemm images/flatten fc.weight fc.bias (fc) transB=1
fc/unsqueeze = Unsqueeze logits fc.axes
extra = Relu fc/unsqueeze
`
	if got := listing(t, written(t, g, eighths(g), Options{})); !strings.Contains(got, want) {
		t.Errorf("wrote\n%s\nwant in it\n%s", got, want)
	}
}

func TestModelHeader(t *testing.T) {
	g := seedNetwork(t)
	config := models.All()[0].Config()
	classes := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", `"nine"`}
	o := Options{Version: "1.2", Metadata: weights.Metadata{Model: config, Dataset: "fashion-mnist", Classes: classes}}
	m := written(t, g, random(g), o)
	got := fmt.Sprintf("ir %d, opset %d, %s %s: %s", m.numbers(1), m.messages(t, 8)[0].numbers(2), m.string(2),
		m.string(3), m.string(6))
	if want := "ir [4], opset [9], resnet 1.2: fashion-resnet, an image classifier of 10 classes"; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	var props []string
	for _, p := range m.messages(t, 14) {
		props = append(props, p.string(1)+" "+p.string(2))
	}
	want := []string{
		`classes ["0","1","2","3","4","5","6","7","8","\"nine\""]`, "dataset fashion-mnist",
		`model {"model":"fashion-resnet","channels":1,"height":28,"width":28,"classes":10,` +
			`"base_channels":16,"hidden":512}`,
	}
	if !slices.Equal(props, want) {
		t.Errorf("metadata %q, want %q", props, want)
	}
	if plain := written(t, g, random(g), Options{}); len(plain[14])+len(plain[3]) != 0 {
		t.Errorf("without metadata and version the model has %d and %d of them", len(plain[14]), len(plain[3]))
	}
}

// The initializers are the parameters, with their names, shapes and bytes, and nothing else.
func TestInitializers(t *testing.T) {
	g := seedNetwork(t)
	e := executor(t, g, random(g), 1)
	initializers := written(t, g, FromExecutor(e, g), Options{}).messages(t, 7)[0].messages(t, 5)
	if len(initializers) != len(g.Parameters()) {
		t.Fatalf("%d initializers, want one for each of %d parameters", len(initializers), len(g.Parameters()))
	}
	for i, v := range g.Parameters() {
		p, got := g.Param(v), initializers[i]
		w, err := random(g)(v)
		must(t, err)
		var raw []byte
		for _, x := range w {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		dims := []int{p.Shape.N, p.Shape.C, p.Shape.H, p.Shape.W}[:p.Dims]
		if got.string(8) != g.ValueName(v) || got.numbers(2)[0] != 1 || !slices.Equal(got.numbers(1), dims) {
			t.Errorf("initializer %s of type %d, %v, want %s of type 1, %v", got.string(8), got.numbers(2)[0],
				got.numbers(1), g.ValueName(v), dims)
		}
		if !bytes.Equal(got[9][0].Bytes, raw) {
			t.Errorf("%s: its bytes are not the parameter's", g.ValueName(v))
		}
	}
}
