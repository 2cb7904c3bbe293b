//go:build !nocuda

package cuda

import (
	"errors"
	"fmt"

	"resnet/gpu"
	kernels "resnet/kernels/cuda"
)

// workspaceLimit bounds the workspace of cuDNN's algorithms. It does not depend on free memory, so that the choice is
// the same in every run.
const workspaceLimit = 256 << 20

// directKernels is the last resort of every pass of a convolution, see kernels.Direct.
const directKernels = "direct kernels"

// convolutionPass is a pass of a convolution.
type convolutionPass struct {
	name   string
	list   func(s gpu.Search) ([]gpu.Algorithm, error)
	chosen **gpu.Algorithm
	run    func() error // computes the pass with *chosen
}

// passes lists the passes that the node has.
func (v *convolution) passes() []convolutionPass {
	dnn := v.backend.dnn
	list := []convolutionPass{{"conv.forward", func(s gpu.Search) ([]gpu.Algorithm, error) {
		return dnn.ForwardAlgorithms(v.desc, v.xd, v.wd, v.yd, s)
	}, &v.forwardAlgo, v.forward}}
	if v.training() {
		list = append(list, convolutionPass{"conv.weight", func(s gpu.Search) ([]gpu.Algorithm, error) {
			return dnn.BackwardFilterAlgorithms(v.desc, v.xd, v.yd, v.wd, s)
		}, &v.filterAlgo, v.backwardWeight})
	}
	if v.hasDX {
		list = append(list, convolutionPass{"conv.data", func(s gpu.Search) ([]gpu.Algorithm, error) {
			return dnn.BackwardDataAlgorithms(v.desc, v.wd, v.yd, v.xd, s)
		}, &v.dataAlgo, v.backwardData})
	}
	return list
}

// chooseAlgorithms chooses an algorithm for each pass, and asks for the scratch memory that they need.
func (v *convolution) chooseAlgorithms() error {
	refused := v.describe()
	for _, p := range v.passes() {
		if err := v.chooseAlgorithm(p, refused); err != nil {
			return err
		}
	}
	v.needScratch(v.layOut())
	return nil
}

// chooseAlgorithm sets *p.chosen to one of cuDNN's algorithms, or to nil for our direct kernel. An error of describe
// leaves no algorithm to choose.
func (v *convolution) chooseAlgorithm(p convolutionPass, described error) error {
	var refused []candidate
	list, err := []gpu.Algorithm(nil), described
	if err == nil {
		list, err = p.list(gpu.Search{
			WorkspaceLimit: workspaceLimit, Deterministic: v.backend.config.Deterministic,
			Refused: func(a gpu.Algorithm, why error) {
				refused = append(refused, candidate{name: a.String(), refused: why})
			},
		})
	}
	switch {
	case errors.Is(err, gpu.ErrRefused) && len(refused) == 0:
		refused = append(refused, candidate{name: dnnItself, refused: err})
	case err != nil && !errors.Is(err, gpu.ErrRefused):
		return err
	}
	var candidates []candidate
	for i := range list {
		take := func() { *p.chosen = &list[i] }
		take()
		candidates = append(candidates, candidate{name: list[i].String(), scratch: v.layOut(), ofDNN: true,
			run: func() error {
				take()
				v.layOut()
				return p.run()
			}})
	}
	candidates = append(candidates, candidate{name: directKernels, lastResort: true})
	i, err := v.binding.choose(v.key(p.name), append(candidates, refused...))
	if err != nil {
		return err
	}
	*p.chosen = nil
	if i < len(list) {
		*p.chosen = &list[i]
	}
	return nil
}

// key names all that the speed of a pass depends on.
func (v *convolution) key(pass string) string {
	x, padH, padW := v.image()
	key := fmt.Sprintf("%s n=%d c=%d h=%d w=%d k=%d r=%d stride=%d pad=%dx%d %v %v", pass, v.plan.Batch, x.C, x.H, x.W,
		v.op.Out, v.op.Kernel, v.op.EffectiveStride(), padH, padW, v.x.t, v.backend.convMath())
	if v.backend.config.Deterministic {
		key += " deterministic"
	}
	return key
}

// layOut places the padded copy and the 16-bit dw after the workspace of the algorithms that are chosen so far. It
// returns the size of the whole.
func (v *convolution) layOut() int64 {
	var workspace int64
	for _, a := range []*gpu.Algorithm{v.forwardAlgo, v.filterAlgo, v.dataAlgo} {
		if a != nil {
			workspace = max(workspace, a.Workspace)
		}
	}
	if v.op.Bias && v.training() {
		workspace = max(workspace, kernels.BiasScratch(v.y.rows(), v.op.Out))
	}
	v.atCopy = alignScratch(workspace)
	v.atDW = v.atCopy + alignScratch(size(v.x.t, v.padded.Elems()))
	end := v.atDW
	if v.params16 != nil && v.training() {
		end += size(v.x.t, v.weights())
	}
	return end
}

// alignScratch rounds up to an offset at which a tensor in scratch memory may begin.
func alignScratch(n int64) int64 { return (n + 255) / 256 * 256 }
