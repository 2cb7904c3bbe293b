package nn_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"resnet/nn"
)

// An op is what has a method Infer. Each must be in the list, once, and have a kind of its own.
func TestOpsListsEveryOp(t *testing.T) {
	var listed, kinds, declared []string
	for _, op := range nn.Ops() {
		listed = append(listed, reflect.TypeOf(op).Name())
		if slices.Contains(kinds, op.Kind()) {
			t.Errorf("two ops of kind %s", op.Kind())
		}
		kinds = append(kinds, op.Kind())
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name.Name != "nn" {
			continue
		}
		for _, d := range f.Decls {
			if m, ok := d.(*ast.FuncDecl); ok && m.Name.Name == "Infer" && m.Recv != nil {
				declared = append(declared, m.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	slices.Sort(listed)
	slices.Sort(declared)
	if !slices.Equal(listed, declared) {
		t.Errorf("Ops lists %s, want %s", strings.Join(listed, " "), strings.Join(declared, " "))
	}
}
