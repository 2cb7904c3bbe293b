package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"resnet/nn"
	"resnet/nn/models"
	"resnet/nn/safetensors"
)

// A File is an open weights file. Its header has been read, and its metadata agree with their digest.
type File struct {
	path string
	in   *safetensors.File
}

// Open opens the weights file at path. For a file of another kind the error says what it is and what to type instead.
// The caller closes the File.
func Open(path string) (*File, error) {
	in, err := safetensors.Open(path)
	if err != nil {
		if other := recognise(path); other != nil && !errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s: %w", path, other)
		}
		return nil, fmt.Errorf("nn: weights: %w", err)
	}
	f := &File{path, in}
	if _, ok := in.Metadata["state"]; ok && in.Metadata["model"] == "" {
		err = isCheckpoint(path)
	} else {
		err = checkMetadata(in.Metadata)
	}
	if err != nil {
		in.Close()
		return nil, f.wrap(err)
	}
	return f, nil
}

func (f *File) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("nn: weights: %s: %w", f.path, err)
}

// Close closes the file.
func (f *File) Close() error { return f.in.Close() }

// Metadata returns the metadata. It is an error if they do not name a model, as in a file that PyTorch wrote, or if
// that model does not have exactly the tensors of the file: so the network that the metadata describe is not larger
// than the file.
func (f *File) Metadata() (Metadata, error) {
	m, err := parseMetadata(f.in.Metadata)
	if err != nil {
		return m, f.wrap(fmt.Errorf("metadata: %w", err))
	}
	g, err := models.Build(m.Model)
	if err != nil {
		return m, f.wrap(fmt.Errorf("metadata: model: %w", err))
	}
	if err := checkTensors(g, f.in, "", nil); err != nil {
		return m, f.wrap(fmt.Errorf("metadata: the model does not fit the tensors: %w", err))
	}
	return m, nil
}

// Load writes the file into the parameters and running statistics of e; see the function Load.
func (f *File) Load(e nn.Executor, g *nn.Graph) error {
	prefix := f.Prefix(g)
	if err := checkTensors(g, f.in, prefix, nil); err != nil {
		return f.wrap(err)
	}
	if err := f.checkDigest(); err != nil {
		return f.wrap(err)
	}
	return f.wrap(writeTensors(e, g, f.in, prefix, nil))
}

// prefixes are what PyTorch's wrappers and people put before all names of a state dict: DataParallel, torch.compile,
// and a module that has the network as its field.
var prefixes = []string{"module.", "_orig_mod.", "model."}

// Prefix is what all names of the file begin with and those of the graph do not: "_orig_mod.module.". It is usually "".
func (f *File) Prefix(g *nn.Graph) string {
	prefix := ""
	for {
		i := slices.IndexFunc(prefixes, func(p string) bool {
			return len(f.in.Tensors) > 0 && !slices.ContainsFunc(f.in.Tensors, func(t safetensors.Info) bool {
				return !strings.HasPrefix(t.Name, prefix+p)
			}) && !slices.ContainsFunc(g.Parameters(), func(v nn.Value) bool {
				return strings.HasPrefix(g.ValueName(v), p)
			})
		})
		if i < 0 {
			return prefix
		}
		prefix += prefixes[i]
	}
}

// Load reads the file at path into the parameters and running statistics of e. The file must have exactly the graph's
// tensors, in their shapes, of type F32, F64, F16 or BF16, finite and with variances of 0 or more; batch norm's
// num_batches_tracked, which PyTorch adds, is ignored, and so is a Prefix. Nothing is written to e unless the whole
// file is valid. Metadata are optional; the version and checksums that Save writes are checked where they are present.
func Load(path string, e nn.Executor, g *nn.Graph) error {
	return Import(path, e, g, func(string, ...any) {})
}

// Import is Load for a file that another program may have written. It tells note what was taken off the names.
func Import(path string, e nn.Executor, g *nn.Graph, note func(format string, args ...any)) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Load(e, g); err != nil {
		return err
	}
	if p := f.Prefix(g); p != "" {
		note("note: %s: the prefix %s was taken off the names of all tensors", path, p)
	}
	return nil
}

// ReadMetadata reads the metadata of the weights file at path; see File.Metadata.
func ReadMetadata(path string) (Metadata, error) {
	f, err := Open(path)
	if err != nil {
		return Metadata{}, err
	}
	defer f.Close()
	return f.Metadata()
}

func parseMetadata(meta map[string]string) (m Metadata, err error) {
	if meta["model"] == "" {
		return m, errors.New("no model (a file of another program?); take it in with: resnet import FILE " +
			"-o w.safetensors")
	}
	if err := json.Unmarshal([]byte(meta["model"]), &m.Model); err != nil {
		return m, fmt.Errorf("model: %w", err)
	}
	if s, ok := meta["classes"]; ok {
		if err := json.Unmarshal([]byte(s), &m.Classes); err != nil {
			return m, fmt.Errorf("classes: %w", err)
		}
		if len(m.Classes) != m.Model.Classes {
			return m, fmt.Errorf("%d class names, want %d as the model has", len(m.Classes), m.Model.Classes)
		}
	}
	if s, ok := meta["epoch"]; ok {
		if m.Epoch, err = strconv.Atoi(s); err != nil || m.Epoch < 0 {
			return m, fmt.Errorf("epoch %q, want a number of 0 or more", s)
		}
	}
	if s, ok := meta["accuracy"]; ok {
		if m.Accuracy, err = strconv.ParseFloat(s, 64); err != nil || !(m.Accuracy >= 0 && m.Accuracy <= 1) {
			return m, fmt.Errorf("accuracy %q, want a number from 0 to 1", s)
		}
	}
	m.Dataset, m.Split = meta["dataset"], meta["split"]
	m.Transposed = meta["transposed"] == "true"
	return m, nil
}

// knownKeys are the keys of files from before there was a metadataDigest.
var knownKeys = []string{"format", "format_version", "model", "dataset", "sha256", "classes", "epoch", "accuracy",
	"split"}

// checkMetadata checks the version and the digest of the metadata. Where the digest is missing from a file of ours no
// other key may be there that is not known: it could be the digest's own, damaged.
func checkMetadata(meta map[string]string) error {
	s, ok := meta["format_version"]
	if v, err := strconv.Atoi(s); ok && (err != nil || v < 1 || v > formatVersion) {
		return fmt.Errorf("metadata: format version %q, want 1 to %d (written by a newer program?)", s, formatVersion)
	}
	if want, ok := meta[metadataDigest]; ok {
		if got := digestOf(meta); got != want {
			return fmt.Errorf("metadata: sha-256 %.12s…, want %.12s… (damaged?)", got, safetensors.Shown(want))
		}
		return nil
	}
	for _, key := range []string{"format_version", "model", "sha256"} {
		if _, ok := meta[key]; !ok {
			return nil // a file of another program, whose keys are its own
		}
	}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if !slices.Contains(knownKeys, key) {
			return fmt.Errorf("metadata: key %.50q is not known (damaged?)", key)
		}
	}
	return nil
}

// checkDigest compares the digest of the tensors with the metadata's, if they have one.
func (f *File) checkDigest() error {
	want, ok := f.in.Metadata["sha256"]
	if !ok {
		return nil
	}
	got, err := f.in.Digest()
	if err == nil && got != want {
		err = fmt.Errorf("sha-256 of the tensors %.12s…, want %.12s… (damaged?)", got, safetensors.Shown(want))
	}
	return err
}
