package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"resnet/data/memory"
)

// assemble implements layout. If o.Classes is 0, the number of classes is the largest label + 1.
func (l mnistLayout) assemble(name, dir string, files []file, o Options) (*Source, error) {
	train, err := l.newSet(files[trainImages], files[trainLabels])
	if err != nil {
		return nil, err
	}
	test, err := l.newSet(files[testImages], files[testLabels])
	if err != nil {
		return nil, err
	}
	if train.H != test.H || train.W != test.W {
		return nil, fmt.Errorf("test images are %dx%d, training images %dx%d", test.H, test.W, train.H, train.W)
	}
	src := &Source{Name: name, Dir: dir, Train: train, Test: test, Checksum: checksum(files),
		Transposed: o.Transpose || l.transposed}
	labels := [2]string{files[trainLabels].name(), files[testLabels].name()}
	if err := src.setClasses(labels, o.Classes); err != nil {
		return nil, err
	}
	if src.Transposed {
		if err := memory.Fits(int64(train.H) * int64(train.W)); err != nil {
			return nil, fmt.Errorf("an image of %dx%d to be transposed: %w", train.H, train.W, err)
		}
		train.transpose()
		test.transpose()
	} else if strings.Contains(strings.ToLower(files[trainImages].name()), "emnist") {
		src.note("%s: EMNIST's files hold rows and columns exchanged: --transpose turns the images upright",
			files[trainImages].name())
	}
	return src, nil
}

func (l mnistLayout) newSet(images, labels file) (*Set, error) {
	dims := images.idx.dims
	if n := len(labels.idx.labels); n != dims[0] {
		return nil, fmt.Errorf("%s has %d labels for the %d images of %s",
			labels.name(), n, dims[0], images.name())
	}
	if l.first > 0 {
		for i := range labels.idx.labels {
			if labels.idx.labels[i] -= l.first; labels.idx.labels[i] < 0 {
				return nil, fmt.Errorf("%s: label %d of image %d, want %d at least", labels.name(),
					labels.idx.labels[i]+l.first, i, l.first)
			}
		}
	}
	return &Set{
		N: dims[0], H: dims[1], W: dims[2], C: 1, Pixels: images.idx.content(), Labels: labels.idx.labels,
	}, nil
}

// transpose exchanges rows and columns of every image.
func (s *Set) transpose() {
	was := make([]byte, s.H*s.W)
	for i := range s.N {
		image := s.Image(i)
		copy(was, image)
		for y := range s.H {
			for x := range s.W {
				image[x*s.H+y] = was[y*s.W+x]
			}
		}
	}
	s.H, s.W = s.W, s.H
}

func (s *Source) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// setClasses numbers so many classes, or as many as the labels tell if classes is 0, and checks the labels. names are
// those of the files with the labels of training and test images. It notes the classes that no training image has.
func (s *Source) setClasses(names [2]string, classes int) error {
	labels := [2][]int32{s.Train.Labels, s.Test.Labels}
	var because string
	if classes == 0 {
		most := [2]int32{slices.Max(labels[0]), slices.Max(labels[1])}
		largest := 0
		if most[1] > most[0] {
			largest = 1
		}
		classes = int(most[largest]) + 1
		because = fmt.Sprintf(": label %d of image %d in %s is the largest (--classes N sets another number)",
			most[largest], slices.Index(labels[largest], most[largest]), names[largest])
		if l := labels[0][0]; oneLabel(labels[0], l) && oneLabel(labels[1], l) {
			return fmt.Errorf("every label of %s and %s is %d: one class, nothing to learn (want at least 2)",
				names[0], names[1], l)
		}
	}
	for k, all := range labels {
		for i, l := range all {
			if int(l) >= classes {
				return fmt.Errorf("%s: label %d of image %d is not below the number of classes, %d",
					names[k], l, i, classes)
			}
		}
	}
	for c := range classes {
		s.ClassNames = append(s.ClassNames, strconv.Itoa(c))
	}
	if empty := s.Train.without(classes); len(empty) > 0 {
		s.note("%s: no image of %s, with %d classes%s", names[0], ranges(empty), classes, because)
	}
	return nil
}

func oneLabel(labels []int32, l int32) bool {
	return !slices.ContainsFunc(labels, func(other int32) bool { return other != l })
}

// without lists the classes that no image has.
func (s *Set) without(classes int) []int {
	has := make([]bool, classes)
	for _, l := range s.Labels {
		has[l] = true
	}
	var empty []int
	for c := range classes {
		if !has[c] {
			empty = append(empty, c)
		}
	}
	return empty
}

// ranges writes ascending class numbers as "class 3" or "classes 0, 10 to 254". Of many ranges it writes the first.
func ranges(classes []int) string {
	const most = 8
	var parts []string
	for i := 0; i < len(classes); {
		if len(parts) == most {
			return fmt.Sprintf("classes %s and %d more", strings.Join(parts, ", "), len(classes)-i)
		}
		end := i + 1
		for end < len(classes) && classes[end] == classes[end-1]+1 {
			end++
		}
		if end-i < 3 {
			parts, i = append(parts, strconv.Itoa(classes[i])), i+1
			continue
		}
		parts, i = append(parts, fmt.Sprintf("%d to %d", classes[i], classes[end-1])), end
	}
	word := "classes"
	if len(classes) == 1 {
		word = "class"
	}
	return word + " " + strings.Join(parts, ", ")
}
