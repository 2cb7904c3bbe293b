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

// question is a copy of the metrics on its way to the host.
type metricsRequest struct {
	memory *gpu.Pinned
	done   *gpu.Event
}

func (e *executor) makeMetricsRequest() (err error) {
	d := e.backend.device
	if e.request.memory, err = d.AllocPinned("metrics on their way", metricsBytes); err != nil {
		return err
	}
	e.request.done, err = d.NewEvent(false)
	return err
}

func (q *metricsRequest) close() error { return errors.Join(q.done.Close(), q.memory.Free()) }

// Ask implements Peeker.
func (e *executor) RequestMetrics() error {
	defer e.backend.device.Enter()()
	q, s := &e.request, e.backend.stream
	return e.backend.wrap(errors.Join(s.ToHost(q.memory, 0, e.metrics.Ptr, metricsBytes), q.done.Record(s)))
}

// Peek implements Peeker.
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
