//go:build !nocuda

package cuda

import (
	"encoding/binary"
	"errors"
	"math"

	"resnet/gpu"
)

// metricsBytes is a loss sum and a count, float64 each.
const metricsBytes = 16

// metricsRequest is a copy of the metrics to the host, which has arrived when done is.
type metricsRequest struct {
	memory *gpu.Pinned
	done   *gpu.Event
}

func (e *executor) makeMetricsRequest() (err error) {
	d := e.backend.device
	if e.request.memory, err = d.AllocPinned("requested metrics", metricsBytes); err != nil {
		return err
	}
	e.request.done, err = d.NewEvent(false)
	return err
}

func (r *metricsRequest) close() error { return errors.Join(r.done.Close(), r.memory.Free()) }

// RequestMetrics implements nn.Async.
func (e *executor) RequestMetrics() error {
	defer e.backend.device.Enter()()
	r, s := &e.request, e.backend.stream
	return e.backend.wrap(errors.Join(s.ToHost(r.memory, 0, e.metrics.Ptr, metricsBytes), r.done.Record(s)))
}

// PollMetrics implements nn.Async.
func (e *executor) PollMetrics() (metrics [2]float64, ok bool, err error) {
	defer e.backend.device.Enter()()
	ok, err = e.request.done.Done()
	if err != nil || !ok {
		return metrics, false, e.backend.wrap(err)
	}
	for i := range metrics {
		metrics[i] = math.Float64frombits(binary.LittleEndian.Uint64(e.request.memory.Bytes()[8*i:]))
	}
	return metrics, true, nil
}
