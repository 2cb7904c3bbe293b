package data

import "strings"

// The six data sets of EMNIST (Cohen et al. 2017, arXiv:1702.05373): handwritten digits and letters, 28x28, grey, light
// on black. The files hold rows and columns exchanged; the images are turned upright here. All six come in one archive,
// whose sum is published; the files' own are not, so that they are held to their sizes and headers.
var (
	capitals = strings.Split("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "")
	// merged are the letters whose small form looks unlike the capital one.
	merged = strings.Split("abdefghnqrt", "")

	emnistBalanced = emnist("balanced", "131600 digits and letters, classes of equal size", 112800, 18800, 0,
		digits, capitals, merged)
	emnistLetters = emnist("letters", "145600 letters, capital and small as one", 124800, 20800, 1, capitals)
	emnistDigits  = emnist("digits", "280000 digits", 240000, 40000, 0, digits)
	emnistMNIST   = emnist("mnist", "70000 digits, chosen like MNIST's", 60000, 10000, 0, digits)
	emnistByClass = emnist("byclass", "814255 digits, capital and small letters", 697932, 116323, 0,
		digits, capitals, strings.Split("abcdefghijklmnopqrstuvwxyz", ""))
	emnistByMerge = emnist("bymerge", "814255 digits and letters, small ones that look like capitals as these", 697932,
		116323, 0, digits, capitals, merged)
)

// emnist is one of the six, with so many training and test images; first is the label of the first class.
func emnist(name, about string, train, test int64, first int32, classes ...[]string) published {
	p := published{
		Dataset: Dataset{Name: "emnist-" + name, About: about + ", 28x28, grey", Dark: true},
		layout: mnistLayout{
			prefix: "emnist-" + name + "-", folder: "gzip", transposed: true, first: first,
		},
		files: []content{
			{size: 16 + train*28*28}, {size: 8 + train}, {size: 16 + test*28*28}, {size: 8 + test},
		},
		archive: archive{name: "gzip.zip", shared: true, content: content{size: 561753746, asIs: true,
			sum: "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"}},
		cached: "emnist",
		mirrors: []string{
			"https://biometrics.nist.gov/cs_links/EMNIST/", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/",
		},
	}
	for _, c := range classes {
		p.Classes = append(p.Classes, c...)
	}
	return p
}
