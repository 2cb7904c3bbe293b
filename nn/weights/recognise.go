package weights

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// recognise says what a file or folder is that was given instead of a weights file, and what to type; nil where it
// does not know.
func recognise(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil
	case info.IsDir():
		return folder(path)
	case !info.Mode().IsRegular():
		return nil
	case info.Size() == 0:
		return errors.New("is empty (a download or a copy that failed?)")
	}
	head, tail := ends(path, info.Size())
	for _, k := range kinds {
		if k.is(head, tail) {
			hint := strings.NewReplacer("FILE", argument(path), "PATH", strconv.Quote(path)).Replace(k.hint)
			return fmt.Errorf("is %s%s", k.name, hint)
		}
	}
	return nil
}

// kind is a kind of file that may be mistaken for a weights file.
type kind struct {
	name, hint string
	is         func(head, tail []byte) bool
}

const (
	fromKeras = "; convert it with: resnet import --from keras FILE -o w.safetensors"
	// PyTorch's files are programs of its unpickler.
	fromPyTorch = `; convert it in Python: safetensors.torch.save_file(torch.load(PATH, weights_only=True), ` +
		`"state.safetensors"), then: resnet import state.safetensors -o w.safetensors`
)

// kinds are tried in order.
var kinds = []kind{
	{"an HDF5 file", fromKeras, begins("\x89HDF\r\n\x1a\n")},
	{"a Keras file", fromKeras, zipWith("model.weights.h5")},
	{"a PyTorch file", fromPyTorch, zipWith("/data.pkl")},
	{"a NumPy archive", ", want a safetensors file", zipWith(".npy")},
	{"a ZIP archive", "; take the weights out of it", begins("PK\x03\x04")},
	{"a PyTorch file", fromPyTorch, func(head, _ []byte) bool { // its magic number as a pickle
		return bytes.HasPrefix(head, []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"))
	}},
	{"a Python pickle", fromPyTorch, func(head, _ []byte) bool {
		return len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5
	}},
	{"gzip-compressed", "; unpack it with: gunzip FILE", begins("\x1f\x8b")},
	{"a tar archive", "; unpack it with: tar xf FILE", func(head, _ []byte) bool {
		return len(head) >= 262 && string(head[257:262]) == "ustar"
	}},
	{"a picture", ", want a weights file", func(head, _ []byte) bool {
		return bytes.HasPrefix(head, []byte("\x89PNG")) || bytes.HasPrefix(head, []byte("\xff\xd8\xff")) ||
			bytes.HasPrefix(head, []byte("GIF8"))
	}},
	{"a git-lfs pointer, not the file itself", "; get that with: git lfs pull", begins("version https://git-lfs")},
	{"an HTML page (a download that failed?)", "", isHTML},
	{"an ONNX model", ", which is written and not read; want the weights that it was exported from", isONNX},
	{"a JSON file", ", want a safetensors file", func(head, _ []byte) bool {
		text := bytes.TrimSpace(head)
		return len(text) > 0 && text[0] == '{'
	}},
}

func begins(magic string) func(head, tail []byte) bool {
	return func(head, _ []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
}

// zipWith says whether it is a ZIP archive of which a member's name ends so. Small members and the list of all members
// are at the end.
func zipWith(member string) func(head, tail []byte) bool {
	return func(head, tail []byte) bool {
		return bytes.HasPrefix(head, []byte("PK\x03\x04")) &&
			(bytes.Contains(head, []byte(member)) || bytes.Contains(tail, []byte(member)))
	}
}

func isHTML(head, _ []byte) bool {
	text := bytes.ToLower(bytes.TrimLeft(head, "\ufeff \t\r\n"))
	return bytes.HasPrefix(text, []byte("<!doctype html")) || bytes.HasPrefix(text, []byte("<html"))
}

// isONNX says whether a protocol buffer begins as a ModelProto does: its version, then the producer's name or version,
// the domain, a comment or the graph.
func isONNX(head, _ []byte) bool {
	return len(head) > 3 && head[0] == 1<<3 && head[1] >= 1 && head[1] < 32 &&
		bytes.IndexByte([]byte{2<<3 | 2, 3<<3 | 2, 4<<3 | 2, 6<<3 | 2, 7<<3 | 2, 8<<3 | 2}, head[2]) >= 0
}

// ends returns the first and the last bytes of a file.
func ends(path string, size int64) (head, tail []byte) {
	const most = 4096
	f, err := os.Open(path)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	head, tail = make([]byte, min(most, size)), make([]byte, min(most, size))
	n, _ := io.ReadFull(f, head)
	m, _ := f.ReadAt(tail, size-int64(len(tail)))
	return head[:n], tail[:m]
}

// folder says where the weights of a run directory are.
func folder(path string) error {
	for _, name := range []string{"weights/best.safetensors", "weights/last.safetensors", "best.safetensors",
		"last.safetensors", "../weights/best.safetensors"} {
		file := filepath.Join(path, filepath.FromSlash(name))
		if _, err := os.Stat(file); err == nil {
			return fmt.Errorf("is a run directory; its weights: %s", file)
		}
	}
	if _, err := os.Stat(filepath.Join(path, "config.json")); !errors.Is(err, fs.ErrNotExist) {
		return errors.New("is a run directory without weights: no epoch has ended yet")
	}
	return errors.New("is a folder, want a weights file")
}

// isCheckpoint is the error of a checkpoint given as weights.
func isCheckpoint(path string) error {
	run := filepath.Dir(filepath.Dir(filepath.Clean(path)))
	best := filepath.Join(run, "weights", "best.safetensors")
	if _, err := os.Stat(best); err != nil {
		return errors.New("is a checkpoint, want a weights file; a run goes on from it with: resnet train --resume DIR")
	}
	return fmt.Errorf("is a checkpoint; the weights of its run: %s", best)
}

// argument is a path as it is typed.
func argument(path string) string {
	if strings.ContainsAny(path, " \t'\"\\$`&|;<>()*?[]#~!{}") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
