package cpu

import (
	kernels "resnet/kernels/cpu"
	"resnet/nn"
)

// updateFloats is the number of parameters that one task updates.
const updateFloats = 1 << 14

// bindUpdate returns the stage of the update, which processes the parameter segment in pieces of equal decay.
func (e *executor) bindUpdate() stage {
	if e.plan == nil {
		return stage{kind: stageWhole} // memory is not allocated yet, see bind
	}
	type piece struct {
		from, to int
		decay    bool
	}
	var pieces []piece
	for _, v := range e.graph.Parameters() {
		p := e.graph.Param(v)
		if !p.Trainable {
			continue
		}
		s := e.plan.Params[v]
		for at, end := int(s.Offset/4), int((s.Offset+s.Bytes)/4); at < end; {
			if last := len(pieces) - 1; last >= 0 && pieces[last].decay == p.Decay &&
				at-pieces[last].to < nn.SlotAlign/4 {
				if room := pieces[last].from + updateFloats; room > at {
					pieces[last].to = min(end, room)
					at = pieces[last].to
					continue
				}
			}
			pieces = append(pieces, piece{at, at, p.Decay})
		}
	}
	update := e.updater()
	return stage{kind: stageWhole, tasks: func(int) int { return len(pieces) }, run: func(_ *worker, t, _ int) {
		update(pieces[t].from, pieces[t].to, pieces[t].decay)
	}}
}

// updater returns the function that applies the optimiser to a range of the parameter segment.
func (e *executor) updater() func(from, to int, decay bool) {
	w, g := e.segments[nn.Params], e.segments[nn.ParamGrads]
	m, v := e.segments[nn.Momenta], e.segments[nn.SecondMoments]
	adam := func(b1, b2, eps float64) kernels.AdamParams {
		return kernels.AdamParams{
			Beta1: float32(b1), Beta2: float32(b2), Eps: float32(eps), VScale: 1, Decay: 1,
			OneMinusBeta1: float32(1 - b1), OneMinusBeta2: float32(1 - b2),
		}
	}
	switch o := e.plan.Optimizer.(type) {
	case nn.Adam:
		p := adam(o.Beta1, o.Beta2, o.Eps)
		return func(from, to int, _ bool) {
			p := p
			p.Step = e.stepParams[0]
			e.k.Adam(w[from:to], g[from:to], m[from:to], v[from:to], p)
		}
	case nn.AdamW:
		p := adam(o.Beta1, o.Beta2, o.Eps)
		return func(from, to int, decay bool) {
			p := p
			p.Step, p.VScale = e.stepParams[0], e.stepParams[1]
			if decay {
				p.Decay = e.stepParams[2]
			}
			e.k.Adam(w[from:to], g[from:to], m[from:to], v[from:to], p)
		}
	case nn.SGD:
		return func(from, to int, decay bool) {
			p := kernels.SGDParams{LR: e.stepParams[0], Momentum: float32(o.Momentum), Nesterov: o.Nesterov}
			if decay {
				p.Decay = float32(o.Decay)
			}
			e.k.SGD(w[from:to], g[from:to], m[from:to], p)
		}
	}
	panic("nn: cpu: no update for optimiser " + e.plan.Optimizer.Kind())
}
