package data

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plainSmall are the uncompressed files of small, by the names of stems.
func plainSmall(t *testing.T) map[string][]byte {
	_, files := small(t)
	plain := map[string][]byte{}
	for i, stem := range stems {
		plain[stem] = unzip(t, files[stem+".gz"], i)
	}
	return plain
}

// qmnist are labels as QMNIST has them: in each row of 8 numbers the first is the class.
func qmnist(labels []int32) []byte {
	b := header(magicQMNIST, uint32(len(labels)), columnsQMNIST)
	for i, l := range labels {
		for k := range uint32(columnsQMNIST) {
			b = binary.BigEndian.AppendUint32(b, uint32(i)*k) // writer and the like
		}
		binary.BigEndian.PutUint32(b[len(b)-4*columnsQMNIST:], uint32(l))
	}
	return b
}

func TestOpenIDXUnderOthersNames(t *testing.T) {
	plain := plainSmall(t)
	trainL, testL := plain[stems[trainLabels]][8:], plain[stems[testLabels]][8:]
	for name, layout := range map[string][4]string{ // paths of the four files
		"folders of the files' names": {
			stems[0] + "/" + stems[0], stems[1] + "/" + stems[1], stems[2] + "/" + stems[2], stems[3] + "/" + stems[3]},
		"one folder, the rest as usual": {stems[0] + "/train-images.idx3-ubyte", stems[1], stems[2], stems[3]},
		"test- for t10k-":               {stems[0], stems[1], "test-images-idx3-ubyte", "test-labels-idx1-ubyte"},
		"EMNIST": {"emnist-letters-train-images-idx3-ubyte.gz", "emnist-letters-train-labels-idx1-ubyte.gz",
			"emnist-letters-test-images-idx3-ubyte.gz", "emnist-letters-test-labels-idx1-ubyte.gz"},
		"QMNIST": {"qmnist-train-images-idx3-ubyte", "qmnist-train-labels-idx2-int.gz",
			"qmnist-test-images-idx3-ubyte.gz", "qmnist-test-labels-idx2-int"},
		"QMNIST's labels under MNIST's names": {stems[0], stems[1], stems[2], stems[3]},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i, path := range layout {
				b := plain[stems[i]]
				if strings.HasPrefix(name, "QMNIST") && i == trainLabels {
					b = qmnist(widened(trainL))
				}
				if strings.HasPrefix(name, "QMNIST") && i == testLabels {
					b = qmnist(widened(testL))
				}
				if strings.HasSuffix(path, ".gz") {
					b = gzipped(t, b)
				}
				put(t, filepath.Join(dir, filepath.Dir(path)), map[string][]byte{filepath.Base(path): b})
			}
			src, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			checkSmall(t, src, dir)
			if !slices.Equal(src.Train.Labels, widened(trainL)) || !slices.Equal(src.Test.Labels, widened(testL)) {
				t.Error("labels are not those that were written")
			}
			hint := slices.ContainsFunc(src.Notes, func(n string) bool { return strings.Contains(n, "--transpose") })
			if hint != (name == "EMNIST") {
				t.Errorf("notes %q, want one of --transpose for EMNIST alone", src.Notes)
			}
		})
	}
}

// Labels of 32 bits are those of any number of classes.
func TestOpenIDXOfManyClasses(t *testing.T) {
	dir, plain := t.TempDir(), plainSmall(t)
	labels := make([]int32, 400)
	for i := range labels {
		labels[i] = int32(i)
	}
	plain[stems[trainLabels]] = qmnist(labels)
	put(t, dir, plain)
	src, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(src.Train.Labels, labels) || len(src.ClassNames) != 400 || src.ClassNames[399] != "399" {
		t.Errorf("%d classes, labels %v, want 400 and 0 to 399", len(src.ClassNames), src.Train.Labels)
	}
	got := make([]int32, 1)
	src.Train.Assemble(make([]byte, 24), got, []Sample{{Index: 399}})
	if got[0] != 399 {
		t.Errorf("label %d in a batch, want 399", got[0])
	}
}

// Kaggle unpacks a file into a folder of its name, with the file under another spelling beside it.
func TestOpenTakesTheFileBesideAFolder(t *testing.T) {
	dir := t.TempDir()
	for stem, b := range plainSmall(t) {
		put(t, filepath.Join(dir, stem), map[string][]byte{stem: []byte("damaged, and not to be looked at")})
		put(t, dir, map[string][]byte{strings.Replace(stem, "-idx", ".idx", 1): b})
	}
	src, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, src, dir)

	// A published data set is recognised by its content there, too.
	p, _ := small(t)
	if src, err = p.open(t.Context(), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	checkSmall(t, src, dir)
}

func TestOpenIDXNamesWhatIsThere(t *testing.T) {
	several := map[string][]byte{}
	for _, prefix := range []string{"emnist-digits-", "emnist-letters-"} {
		for stem, b := range plainSmall(t) {
			several[prefix+stem] = b
		}
	}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		wants []string
	}{
		{"nothing", nil, append(stems[:], "none of the four files", ".gz")},
		{"two data sets", several, []string{"emnist-digits, emnist-letters", "a folder of its own"}},
		{"one of four", map[string][]byte{"emnist-digits-" + stems[0]: plainSmall(t)[stems[0]]},
			[]string{"emnist-digits-train-labels-idx1-ubyte[.gz] not found"}},
	} {
		dir := t.TempDir()
		put(t, dir, c.files)
		_, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir})
		for _, want := range c.wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, want)
			}
		}
	}

	dir := t.TempDir()
	plain := plainSmall(t)
	delete(plain, stems[0])
	put(t, dir, plain)
	put(t, filepath.Join(dir, stems[0]), nil)
	_, err := Open(t.Context(), Options{Dataset: IDX, Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "a folder without the file of that name") {
		t.Errorf("an empty folder of the file's name: %v", err)
	}
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), Options{Dataset: IDX, Dir: path})
	if err == nil || !strings.Contains(err.Error(), "want the directory with the four files") {
		t.Errorf("a file as the directory: %v", err)
	}
}
