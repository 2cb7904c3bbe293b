package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"resnet/nn"
	"resnet/nn/models"
	"resnet/nn/safetensors"
)

// formatVersion is the version that Save writes into the metadata and the newest that Load reads.
const formatVersion = 1

// Metadata describes the network of a weights file; it is enough to run the network without any other file.
type Metadata struct {
	Model   models.Config `json:"model"`
	Dataset string        `json:"dataset,omitempty"`
	// Transposed says that rows and columns of the data set's images were exchanged, see data.Options.
	Transposed bool     `json:"transposed,omitempty"`
	Classes    []string `json:"classes,omitempty"` // names by label; empty: not known
	Epoch      int      `json:"epoch,omitempty"`   // epochs trained; 0: not known
	// Accuracy, 0 to 1, was measured on Split: "test", "validation", or "" if it was not measured.
	Accuracy float64 `json:"accuracy,omitempty"`
	Split    string  `json:"split,omitempty"`
}

// Save writes the parameters and running statistics of e as a safetensors file with PyTorch's names and layouts, in
// float32, so that PyTorch loads it as a state dict. The bytes depend on the values and the metadata alone.
func Save(w io.Writer, e nn.Reader, g *nn.Graph, m Metadata) error {
	tensors, err := ReadTensors(e, g)
	if err != nil {
		return err
	}
	return Write(w, tensors, m)
}

// Write is Save for tensors that ReadTensors has already read.
func Write(w io.Writer, tensors []safetensors.Tensor, m Metadata) error {
	model, err := json.Marshal(m.Model)
	if err != nil {
		return err
	}
	meta := map[string]string{
		"format":         "pt", // by convention: names and layouts are PyTorch's
		"format_version": strconv.Itoa(formatVersion),
		"model":          string(model),
		"dataset":        m.Dataset,
		"sha256":         safetensors.Digest(tensors),
	}
	if m.Transposed {
		meta["transposed"] = "true"
	}
	if len(m.Classes) > 0 {
		classes, err := json.Marshal(m.Classes)
		if err != nil {
			return err
		}
		meta["classes"] = string(classes)
	}
	if m.Epoch > 0 {
		meta["epoch"] = strconv.Itoa(m.Epoch)
	}
	if m.Split != "" {
		meta["accuracy"] = strconv.FormatFloat(m.Accuracy, 'g', -1, 64)
		meta["split"] = m.Split
	}
	meta[metadataDigest] = digestOf(meta)
	return safetensors.Write(w, tensors, meta)
}

// metadataDigest is the key of a digest of the other metadata. As the digest of the tensors is among them it covers the
// whole file.
const metadataDigest = "metadata_sha256"

// digestOf is the SHA-256, in hex, of all metadata but metadataDigest.
func digestOf(meta map[string]string) string {
	h := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if key != metadataDigest {
			fmt.Fprintf(h, "%q %q\n", key, meta[key])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
