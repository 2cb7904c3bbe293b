package data

// digits are the classes of MNIST.
var digits = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// mnist is MNIST (LeCun, Cortes and Burges 1998): 60000 training and 10000 test images of handwritten digits, 28x28,
// grey, light on black.
var mnist = published{
	Dataset: Dataset{Name: "mnist", About: "70000 handwritten digits, 28x28, grey", Classes: digits, Dark: true},
	layout:  mnistLayout{},
	files: []content{
		{size: 16 + 60000*28*28, sum: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
		{size: 8 + 60000, sum: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
		{size: 16 + 10000*28*28, sum: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
		{size: 8 + 10000, sum: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
	},
	mirrors: []string{
		"https://ossci-datasets.s3.amazonaws.com/mnist/",
		"https://storage.googleapis.com/cvdf-datasets/mnist/",
	},
}

// kmnist is Kuzushiji-MNIST (Clanuwat et al. 2018, arXiv:1812.01718): 60000 training and 10000 test images of cursive
// hiragana, 28x28, grey, light on black, 10 classes of equal size. What is published are the sums of the compressed
// files; an uncompressed one is held to its size and its header.
var kmnist = published{
	Dataset: Dataset{
		Name: "kmnist", About: "70000 cursive Japanese characters, 28x28, grey, 10 classes",
		Classes: []string{"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"}, Dark: true,
	},
	layout: mnistLayout{},
	files: []content{
		{size: 16 + 60000*28*28, zipped: &content{size: 18165135, asIs: true,
			sum: "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"}},
		{size: 8 + 60000, zipped: &content{size: 29497, asIs: true,
			sum: "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"}},
		{size: 16 + 10000*28*28, zipped: &content{size: 3041136, asIs: true,
			sum: "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"}},
		{size: 8 + 10000, zipped: &content{size: 5120, asIs: true,
			sum: "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"}},
	},
	mirrors: []string{"https://codh.rois.ac.jp/kmnist/dataset/kmnist/"},
}
