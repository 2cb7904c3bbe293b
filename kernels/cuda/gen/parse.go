package main

import (
	"fmt"
	"regexp"
	"strings"
)

// kernel is one declaration.
type kernel struct {
	name   string // "relu_backward"
	typed  bool   // there is one for each element type
	module string // "tensor"
	params []param
}

// param is a kernel's parameter as Go passes it.
type param struct {
	name   string // "saveMean"
	goType string // "gpu.Ptr"
	push   string // statement that adds it to the arguments, with %s for the name
}

var (
	declaration = regexp.MustCompile(`(?s)\bKERNEL(_T)?\((\w+), \((.*?)\)\) \{`)
	mention     = regexp.MustCompile(`(?m)^\s*KERNEL`)
	pointer     = regexp.MustCompile(`^(?:const )?\w+ \*(\w+)$`)
	value       = regexp.MustCompile(`^(\w+) (\w+)$`)
)

// scalars are the types that are passed by value. A type with a capital letter is a struct; the Go struct of the same
// name adds its fields by a method push.
var scalars = map[string]param{
	"Flag":     {goType: "bool", push: "args.Uint32(flag(%s))"},
	"unsigned": {goType: "int", push: "args.Uint32(uint32(%s))"},
	"uint32_t": {goType: "uint32", push: "args.Uint32(%s)"},
	"float":    {goType: "float32", push: "args.Float32(%s)"},
	"double":   {goType: "float64", push: "args.Float64(%s)"},
}

// reserved has the names that launchers use themselves.
var reserved = map[string]bool{
	"k": true, "s": true, "t": true, "grid": true, "block": true, "shared": true, "args": true,
}

// parse finds the kernels of a file.
func parse(file, text string) ([]kernel, error) {
	var kernels []kernel
	found := declaration.FindAllStringSubmatch(text, -1)
	if lines := len(mention.FindAllString(text, -1)); lines != len(found) {
		return nil, fmt.Errorf("gen: %s: %d of %d declarations understood, want KERNEL(name, (type name, ...)) {",
			file, len(found), lines)
	}
	for _, m := range found {
		k := kernel{name: m[2], typed: m[1] != ""}
		for _, text := range strings.Split(m[3], ",") {
			p, err := parseParam(strings.Join(strings.Fields(text), " "))
			if err != nil {
				return nil, fmt.Errorf("gen: %s: %s: %w", file, k.name, err)
			}
			k.params = append(k.params, p)
		}
		kernels = append(kernels, k)
	}
	return kernels, nil
}

func parseParam(text string) (param, error) {
	p := param{goType: "gpu.Ptr", push: "args.Ptr(%s)"}
	if m := pointer.FindStringSubmatch(text); m != nil {
		p.name = camel(m[1])
	} else if m := value.FindStringSubmatch(text); m != nil {
		var known bool
		if p, known = scalars[m[1]]; !known {
			if m[1] != strings.ToUpper(m[1][:1])+m[1][1:] {
				return p, fmt.Errorf("parameter of type %q, want a pointer, Flag, unsigned, uint32_t, float, double "+
					"or a struct", m[1])
			}
			p = param{goType: m[1], push: "%s.push(&args)"}
		}
		p.name = camel(m[2])
	} else {
		return p, fmt.Errorf("parameter %q, want type name or type *name", text)
	}
	if reserved[p.name] {
		return p, fmt.Errorf("parameter %q has a name that launchers use themselves", p.name)
	}
	return p, nil
}

// camel turns save_mean into saveMean.
func camel(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}
