package data

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

var (
	cifar10Files = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
		"data_batch_5.bin", "test_batch.bin"}
	cifar100Files = []string{"train.bin", "test.bin"}
)

// cifar10 is CIFAR-10 (Krizhevsky 2009): 50000 training and 10000 test photographs, 32x32, colour, 10 classes of equal
// size.
var cifar10 = published{
	Dataset: Dataset{
		Name: "cifar10", About: "60000 photographs, 32x32, colour, 10 classes",
		Classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		Mean:    []float32{0.4914, 0.4822, 0.4465}, Std: []float32{0.247, 0.2435, 0.2616},
	},
	layout: cifarLayout{files: cifar10Files, labels: 1, folder: "cifar-10-batches-bin"},
	files: []content{
		{size: 10000 * 3073, sum: "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"},
		{size: 10000 * 3073, sum: "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"},
		{size: 10000 * 3073, sum: "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"},
		{size: 10000 * 3073, sum: "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"},
		{size: 10000 * 3073, sum: "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"},
		{size: 10000 * 3073, sum: "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"},
	},
	archive: archive{name: "cifar-10-binary.tar.gz", content: content{size: 170052171, asIs: true,
		sum: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}},
	mirrors: []string{"https://www.cs.toronto.edu/~kriz/"},
}

// cifar100 is CIFAR-100, likewise with 100 classes. The 20 groups of classes, a label each in the files, are left out.
var cifar100 = published{
	Dataset: Dataset{
		Name: "cifar100", About: "60000 photographs, 32x32, colour, 100 classes", Classes: cifar100Classes,
		Mean: []float32{0.5071, 0.4865, 0.4409}, Std: []float32{0.2673, 0.2564, 0.2762},
	},
	layout: cifarLayout{files: cifar100Files, labels: 2, folder: "cifar-100-binary"},
	files: []content{
		{size: 50000 * 3074, sum: "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"},
		{size: 10000 * 3074, sum: "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"},
	},
	archive: archive{name: "cifar-100-binary.tar.gz", content: content{size: 168513733, asIs: true,
		sum: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"}},
	mirrors: []string{"https://www.cs.toronto.edu/~kriz/"},
}

// cifar100Classes are those of fine_label_names.txt.
var cifar100Classes = []string{
	"apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
	"bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
	"cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest",
	"fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard",
	"lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid",
	"otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine", "possum",
	"rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper",
	"snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone",
	"television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf",
	"woman", "worm",
}

// CIFARBinary names the data set of any files in CIFAR's binary format.
const CIFARBinary = "cifar-binary"

// ownCIFAR is a data set in CIFAR's binary format of which nothing is known beforehand.
type ownCIFAR struct{ Dataset }

var anyCIFAR = ownCIFAR{Dataset{Name: CIFARBinary, About: "any files in the binary format of CIFAR-10 or CIFAR-100"}}

// find returns the directory with the files, o.Dir or the folder in it that an archive makes, and their layout.
func (ownCIFAR) find(dir string) (string, cifarLayout) {
	for _, p := range []published{cifar10, cifar100} {
		l, at := p.layout.(cifarLayout), p.inside(dir)
		if slices.ContainsFunc(l.files, func(name string) bool {
			_, err := os.Stat(filepath.Join(at, name))
			return err == nil
		}) {
			return at, l.there(at)
		}
	}
	return dir, cifar10.layout.(cifarLayout)
}

// there is the layout with as many training files as a directory has: the first, and those that follow by number.
func (l cifarLayout) there(dir string) cifarLayout {
	if l.labels != cifar10.layout.(cifarLayout).labels {
		return l
	}
	l.files = slices.Clone(l.files[:1])
	for n := 2; ; n++ {
		name := fmt.Sprintf("data_batch_%d.bin", n)
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			break
		}
		l.files = append(l.files, name)
	}
	l.files = append(l.files, cifar10Files[len(cifar10Files)-1])
	return l
}

func (s ownCIFAR) recognise(dir string) string {
	at, l := s.find(dir)
	for _, name := range l.files {
		if info, err := os.Stat(filepath.Join(at, name)); err == nil && info.Mode().IsRegular() {
			return name
		}
	}
	return ""
}

// check returns the directory and the layout, and checks the options.
func (s ownCIFAR) check(o Options) (dir string, l cifarLayout, err error) {
	switch {
	case o.Dir == "":
		return "", l, fmt.Errorf("dataset %q needs a directory with its files (--data-dir)", s.Name)
	case o.Classes < 0 || o.Classes == 1 || o.Classes > 256:
		return "", l, fmt.Errorf("dataset %q: %d classes, want 2 to 256 (a label is a byte there) or 0 for the "+
			"largest label + 1", s.Name, o.Classes)
	case o.Transpose:
		return "", l, fmt.Errorf("dataset %q has its images upright (transpose is for dataset %q)", s.Name, IDX)
	}
	dir, l = s.find(o.Dir)
	return dir, l, nil
}

func (s ownCIFAR) open(ctx context.Context, o Options) (*Source, error) {
	dir, l, err := s.check(o)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return openFiles(s.Name, dir, l, o)
}

func (s ownCIFAR) fetch(context.Context, Options) (string, error) {
	return "", fmt.Errorf("dataset %q is files of your own, there is nothing to fetch", s.Name)
}

func (s ownCIFAR) describe(_ context.Context, o Options) (*Info, error) {
	dir, l, err := s.check(o)
	if err != nil {
		return nil, err
	}
	return describeFiles(s.Name, dir, l, o)
}
