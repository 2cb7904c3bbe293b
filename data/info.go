package data

import (
	"context"
	"math"
	"path/filepath"
)

// Info describes a data set on this machine.
type Info struct {
	Dataset  string     `json:"dataset"`
	Dir      string     `json:"dir"`
	Checksum string     `json:"checksum,omitempty"` // as Source.Checksum; empty unless all files are good
	Classes  []string   `json:"classes,omitempty"`
	Files    []FileInfo `json:"files"`
	Train    *SetInfo   `json:"train,omitempty"` // nil unless all files are good
	Test     *SetInfo   `json:"test,omitempty"`
	Problem  string     `json:"problem,omitempty"` // why files that are each good do not fit together
	// Transposed and Notes are as in Source.
	Transposed bool     `json:"transposed,omitempty"`
	Notes      []string `json:"notes,omitempty"`
}

// FileInfo describes one of a data set's files.
type FileInfo struct {
	Name     string `json:"name"`
	Bytes    int64  `json:"bytes"`             // on disk
	Content  int64  `json:"content"`           // uncompressed
	SHA256   string `json:"sha256,omitempty"`  // of the uncompressed file, in hex
	Verified bool   `json:"verified"`          // equal to the published checksum; false where none is published
	Problem  string `json:"problem,omitempty"` // why the file cannot be used
}

// SetInfo describes the training or the test images. Mean and Std are those of all pixels, scaled to 0..1, and
// ChannelMean and ChannelStd those of each channel, where there are several.
type SetInfo struct {
	N        int     `json:"n"`
	H        int     `json:"h"`
	W        int     `json:"w"`
	C        int     `json:"c"`
	PerClass []int   `json:"per_class"`
	Mean     float64 `json:"mean"`
	Std      float64 `json:"std"`

	ChannelMean []float64 `json:"channel_mean,omitempty"`
	ChannelStd  []float64 `json:"channel_std,omitempty"`
}

// OK tells whether Open would succeed on what Info describes.
func (i *Info) OK() bool { return i.Train != nil }

// Describe looks at the directory that Open would take the data set from. If none is intact, it looks at the first that
// has any of the files, and says what is wrong with each. It never downloads and writes nothing. An error means that
// there is nothing to describe.
func Describe(ctx context.Context, o Options) (*Info, error) {
	return dispatch(ctx, o, entry.describe)
}

// newInfo describes files. For a published data set names are those of the classes; for others names is nil.
func newInfo(dataset, dir string, l layout, files []file, o Options, names []string) *Info {
	info := &Info{Dataset: dataset, Dir: dir}
	good := true
	for i, f := range files {
		fi := FileInfo{
			Name: l.form().names[i], Bytes: f.size, Content: f.full, SHA256: f.sum,
			Verified: f.verified && f.err == nil,
		}
		if f.path != "" {
			fi.Name = filepath.Base(f.path)
		}
		if f.err != nil {
			fi.Problem, good = f.err.Error(), false
		}
		info.Files = append(info.Files, fi)
	}
	if !good {
		return info
	}
	src, err := l.assemble(dataset, dir, files, o)
	if err != nil {
		info.Problem = err.Error()
		return info
	}
	info.Checksum, info.Classes, info.Transposed, info.Notes = src.Checksum, src.ClassNames, src.Transposed, src.Notes
	if names != nil {
		info.Classes = names
	}
	info.Train, info.Test = src.Train.info(len(info.Classes)), src.Test.info(len(info.Classes))
	return info
}

// info counts the images of each class and computes mean and standard deviation of the pixels.
func (s *Set) info(classes int) *SetInfo {
	i := &SetInfo{N: s.N, H: s.H, W: s.W, C: s.C, PerClass: make([]int, classes)}
	for _, l := range s.Labels {
		i.PerClass[l]++
	}
	var all histogram
	channels := make([]histogram, s.C)
	for at := range s.Pixels {
		channels[at%s.C][s.Pixels[at]]++
	}
	for _, h := range channels {
		for v, n := range h {
			all[v] += n
		}
		if s.C > 1 {
			mean, std := h.moments()
			i.ChannelMean, i.ChannelStd = append(i.ChannelMean, mean), append(i.ChannelStd, std)
		}
	}
	i.Mean, i.Std = all.moments()
	return i
}

// histogram counts the values of pixels; sums over it are exact.
type histogram [256]int64

// moments are mean and standard deviation of the pixels, scaled to 0 to 1.
func (h *histogram) moments() (mean, std float64) {
	var n, sum, squares float64
	for v, k := range h {
		n += float64(k)
		sum += float64(k) * float64(v)
		squares += float64(k) * float64(v*v)
	}
	mean = sum / n
	return mean / 255, math.Sqrt(squares/n-mean*mean) / 255
}
