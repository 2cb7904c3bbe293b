package data

import (
	"context"
	"fmt"
	"os"
)

// dirVariable names the environment variable that says where the four files lie.
const dirVariable = "RESNET_DATA"

func idxDir(o Options) (string, error) {
	dir := o.Dir
	if dir == "" {
		dir = os.Getenv(dirVariable)
	}
	if dir == "" {
		return "", fmt.Errorf("dataset %q needs a directory with its four files (--data-dir or $%s)", IDX, dirVariable)
	}
	if o.Classes < 0 || o.Classes > 256 {
		return "", fmt.Errorf("dataset %q: %d classes, want 1 to 256 (labels are bytes) or 0 for the largest label + 1",
			IDX, o.Classes)
	}
	return dir, nil
}

func openIDX(ctx context.Context, o Options) (*Source, error) {
	dir, err := idxDir(o)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	files := readFiles(dir, nil)
	if err := firstError(dir, files); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	src, err := assemble(IDX, dir, files, o.Classes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return src, nil
}
