package cpu

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// taskPanic is the panic of a task, on its way from the worker's goroutine to the caller of Run.
type taskPanic struct {
	value any
	stack []byte // of the worker
}

var errGoexit = errors.New("a task ended its goroutine")

// newTaskPanic is called by a deferred function with what recover returned, nil if the task called runtime.Goexit.
func newTaskPanic(value any) *taskPanic {
	switch v := value.(type) {
	case nil:
		value = errGoexit
	case *taskPanic:
		return v
	}
	return &taskPanic{value, debug.Stack()}
}

func (p *taskPanic) Error() string { return fmt.Sprintf("nn: cpu: %v\n\n%s", p.value, p.stack) }

// Unwrap returns the value of the panic if it is an error, such as a runtime.Error.
func (p *taskPanic) Unwrap() error {
	err, _ := p.value.(error)
	return err
}
