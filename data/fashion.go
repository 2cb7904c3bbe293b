package data

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// published is a data set in MNIST's format whose content is known beforehand and which the web offers.
type published struct {
	name    string
	classes []string
	sums    [4]string // SHA-256 of the uncompressed files, in hex

	env       string // directory from the environment, or empty
	cache     string // directory in the user's cache, or empty with cacheErr set
	cacheErr  error
	system    string // directory of the operating system's package
	systemPkg string

	mirrors []string // URLs to which a file's name is appended
	client  *http.Client
	stall   time.Duration // a transfer that brings nothing for so long is given up
}

// ClassNames are the names by label of a data set whose classes are known
// without its files; nil for others.
func ClassNames(dataset string) []string {
	if dataset == FashionMNIST {
		return fashionMNIST().classes
	}
	return nil
}

// fashionMNIST is Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747): 60000 training and 10000 test images
// of clothing, 28x28, grey, light on black, 10 classes of equal size.
func fashionMNIST() *published {
	p := &published{
		name: FashionMNIST,
		classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
			"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
		sums: [4]string{
			"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
			"bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
			"5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
			"0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
		},
		env:       os.Getenv(dirVariable),
		system:    "/usr/share/datasets/fashion-mnist",
		systemPkg: "dataset-fashion-mnist",
		mirrors: []string{
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", // no https there; the checksums stand in
			"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
		},
		client: &http.Client{Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2:   true,
		}},
		stall: 30 * time.Second,
	}
	root, err := os.UserCacheDir()
	if err != nil {
		p.cacheErr = fmt.Errorf("no user cache directory: %w", err)
	} else {
		p.cache = filepath.Join(root, "resnet", FashionMNIST)
	}
	return p
}
