package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"resnet/nn"
	"resnet/nn/device"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "check what this machine has to train on",
		Description: `Looks for the GPU's driver and libraries, tries one product of each kind on its
tensor cores, takes one training step of a small network on the GPU and on the
CPU and compares it with plain Go code, looks for the data set, and says what to
do about what is missing. A step in which the GPU's ops share kernels, as they do
by default in train, is called fused. Exit status 1 where something that is there
does not work, or --device asks for what is not there.

examples:
   resnet doctor
   resnet doctor --device cuda:1 --precision bf16
   resnet doctor --format json`,
		Flags: []cli.Flag{
			deviceFlag(device.Auto, deviceUsage),
			precisionFlag(),
			deterministicFlag(), formatFlag("table", "json"),
		},
		Action: runDoctor,
	}
}

// finding is the result of one check.
type finding struct {
	Name    string `json:"name"`
	State   string `json:"state"` // ok, missing or failed
	Text    string `json:"text"`
	Hint    string `json:"hint,omitempty"`    // what to do
	Details any    `json:"details,omitempty"` // by kind of finding
}

const (
	stateOK      = "ok"
	stateMissing = "missing" // not there, and nothing is wrong with that
	stateFailed  = "failed"  // there and not working, or asked for and not there
)

// failed is the finding of a check that ended in an error.
func failed(name string, err error) finding {
	return finding{Name: name, State: stateFailed, Text: oneLine(err), Hint: installDriver(err)}
}

type diagnosis struct {
	Version  string    `json:"version"`
	OK       bool      `json:"ok"`
	Findings []finding `json:"findings"`
}

func runDoctor(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	device, _, err := deviceOf(c)
	if err != nil {
		return err
	}
	gpu, err := examineGPU(device)
	if err != nil {
		return err
	}
	d := &diagnosis{Version: version(), OK: true}
	d.Findings = append(append(gpu, examineCPU()...), examineData(c.Context))
	var bad []string
	for _, f := range d.Findings {
		if f.State == stateFailed {
			d.OK = false
			bad = append(bad, f.Name)
		}
	}
	if c.String("format") == "json" {
		err = writeJSON(c.App.Writer, d)
	} else {
		err = d.write(c.App.Writer)
	}
	if err == nil && !d.OK {
		err = fmt.Errorf("doctor: failed: %s (the report says why)", strings.Join(bad, ", "))
	}
	return err
}

func (d *diagnosis) write(w io.Writer) error {
	name := 0
	for _, f := range d.Findings {
		name = max(name, len(f.Name))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", d.Version)
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "%-*s  %-7s  %s\n", name, f.Name, f.State, printable(f.Text))
		if f.Hint != "" {
			fmt.Fprintf(&b, "%-*s           what helps: %s\n", name, "", printable(f.Hint))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// examineStep compares one training step on a backend with the same step in plain Go on the CPU.
func examineStep(b nn.Backend, precision string) finding {
	name := "step on " + b.Name()
	plain, err := portableCPU()
	if err != nil {
		return failed(name, err)
	}
	defer plain.Close()
	c, err := device.SelfTest(b, plain)
	if err != nil {
		return failed(name, err)
	}
	f := finding{Name: name, State: stateOK, Details: c}
	if !c.OK() {
		f.State = stateFailed
	}
	if c.Fused {
		precision += ", " + c.Variant
	}
	var texts []string
	for _, p := range c.Parts {
		texts = append(texts, fmt.Sprintf("%s %.1e (%.0e)", p.What, p.Distance, p.Bound))
	}
	f.Text = fmt.Sprintf("%s, distance from plain Go (and what is allowed): %s", precision, strings.Join(texts, ", "))
	return f
}
