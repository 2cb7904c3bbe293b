package data

// FashionMNIST names the data set that is opened where [Options] names none.
const FashionMNIST = "fashion-mnist"

// fashionMNIST is Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747): 60000 training and 10000 test images
// of clothing, 28x28, grey, light on black, 10 classes of equal size.
var fashionMNIST = published{
	Dataset: Dataset{
		Name:  FashionMNIST,
		About: "70000 images of clothing, 28x28, grey, 10 classes",
		Classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
			"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
		Dark: true,
	},
	layout: mnistLayout{},
	files: []content{
		{size: 16 + 60000*28*28, sum: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
		{size: 8 + 60000, sum: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
		{size: 16 + 10000*28*28, sum: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
		{size: 8 + 10000, sum: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
	},
	system:    "/usr/share/datasets/fashion-mnist",
	systemPkg: "dataset-fashion-mnist",
	mirrors: []string{
		"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
		"https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
		"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", // no https there; the checksums stand in
	},
}
