package plots

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strconv"

	"resnet/nn/internal/axis"
)

// Lengths of a confusion matrix's picture, in CSS pixels.
const (
	maxLabel    = 130.0 // width of a class name
	heatMapSize = 1000.0
	keyHeight   = 68.0
)

// matrixLayout is where the parts of a confusion matrix lie.
type matrixLayout struct {
	style      style    // of the class names
	labels     []string // of every step-th class: its name if step is 1, otherwise its number
	step       int
	x, y       float64 // top left corner of the first cell
	cell, size float64 // sides of a cell and of the whole matrix
	gap        float64 // between cells
	angle      float64 // of the column names, in radians
	below      float64 // height of the column names
}

func (m *matrix) layout(classes []string) *matrixLayout {
	k := len(classes)
	l := &matrixLayout{style: tinyStyle, step: 1, y: heading + keyHeight, gap: 1, angle: math.Pi / 2}
	switch {
	case k <= maxCounts:
		l.style, l.gap, l.angle = textStyle, 2, math.Pi/4
		l.cell = math.Ceil(max(36, min(56, 600/float64(k)), textStyle.widest(m.texts())+14))
	case k <= maxNames:
		l.cell = 14
	default:
		l.style, l.gap = noteStyle, 0
		l.cell = math.Floor(heatMapSize*dense/float64(k)) / dense
		l.step = int(axis.Step(float64(k), 10, 1, 2, 5))
	}
	l.size = l.cell * float64(k)
	for i := 0; i < k; i += l.step {
		name := classes[i]
		if l.step > 1 {
			name = strconv.Itoa(i) // a name would not tell which classes lie between two labels
		}
		l.labels = append(l.labels, l.style.elide(name, maxLabel))
	}
	widest := l.style.widest(l.labels)
	l.x = math.Ceil(margin + 30 + widest) // whole, so that cells have sharp edges
	if widest <= l.cell*float64(l.step)-6 {
		l.angle = 0
	}
	l.below = 18 + math.Sin(l.angle)*widest
	return l
}

// texts returns the text of each cell: its count, or nothing for a count of 0. A 0 is shown only on the diagonal, where
// no image of a class that has some was recognised.
func (m *matrix) texts() []string {
	var all []string
	for i, row := range m.counts {
		for j, n := range row {
			text := strconv.Itoa(n)
			if n == 0 && (i != j || m.support[i] == 0) {
				text = ""
			}
			all = append(all, text)
		}
	}
	return all
}

// draw writes the picture to a file.
func (m *matrix) draw(path, title, note string, classes []string) error {
	l := m.layout(classes)
	f, err := newFigure(path, max(minWidth, l.x+l.size+margin), l.y+l.size+l.below+22+margin)
	if err != nil {
		return err
	}
	f.heading(title, note)
	drawKey(f, margin, heading+6)
	k := len(classes)
	if k <= maxNames {
		m.drawCells(f, l)
	} else {
		f.image(l.x, l.y, m.heatMap(int(l.cell*dense)))
		f.frame(l.x, l.y, l.size, l.size, 1, grid)
	}
	l.drawNames(f)
	return f.save()
}

func (m *matrix) drawCells(f *figure, l *matrixLayout) {
	texts := m.texts()
	k := len(m.counts)
	for i := range k {
		for j := range k {
			x, y, c := l.x+float64(j)*l.cell, l.y+float64(i)*l.cell, m.shade(i, j)
			f.rect(x, y, l.cell-l.gap, l.cell-l.gap, c)
			if k <= maxCounts {
				half := (l.cell - l.gap) / 2
				f.text(textStyle.in(on(c)), centre, x+half, y+half+textStyle.middle(), texts[i*k+j])
			}
		}
	}
}

// heatMap draws the matrix as an image; cell is the side of a cell in pixels.
func (m *matrix) heatMap(cell int) image.Image {
	k := len(m.counts)
	img := image.NewRGBA(image.Rect(0, 0, k*cell, k*cell))
	for i := range k {
		for j := range k {
			at := image.Rect(j*cell, i*cell, (j+1)*cell, (i+1)*cell)
			draw.Draw(img, at, image.NewUniform(m.shade(i, j)), image.Point{}, draw.Src)
		}
	}
	return img
}

func (l *matrixLayout) drawNames(f *figure) {
	for i, name := range l.labels {
		at := (float64(i*l.step)+0.5)*l.cell - l.gap/2
		f.text(l.style, right, l.x-8, l.y+at+l.style.middle(), name)
		if l.angle == 0 {
			f.text(l.style, centre, l.x+at, l.y+l.size+16, name)
		} else {
			f.slanted(l.style, right, l.x+at+4, l.y+l.size+10, l.angle, name)
		}
	}
	f.slanted(headStyle, centre, margin+8, l.y+l.size/2, math.Pi/2, "True class")
	f.text(headStyle, centre, l.x+l.size/2, f.h-margin, "Predicted class")
}

// shade returns the colour of a cell.
func (m *matrix) shade(i, j int) color.RGBA { return shade(m.share(i, j), i == j) }

// shade mixes nearly white and blue, or vermilion for a mistake, in proportion to the square root of the share.
func shade(share float64, correct bool) color.RGBA {
	if correct {
		return mix(empty, blue, math.Sqrt(share))
	}
	return mix(empty, vermilion, math.Sqrt(share))
}

// drawKey draws the scales of the two colours, with shares in percent.
func drawKey(f *figure, x, y float64) {
	const w, h, gap = 180, 12, 4
	labels := math.Ceil(noteStyle.width("mistaken")) + 8
	for i, name := range []string{"correct", "mistaken"} {
		img := image.NewRGBA(image.Rect(0, 0, w*dense, h*dense))
		for px := range w * dense {
			t := (float64(px) + 0.5) / (w * dense)
			at := image.Rect(px, 0, px+1, h*dense)
			draw.Draw(img, at, image.NewUniform(shade(t*t, i == 0)), image.Point{}, draw.Src)
		}
		top := y + float64(i)*(h+gap)
		f.text(noteStyle, left, x, top+h/2+noteStyle.middle(), name)
		f.image(x+labels, top, img)
	}
	for _, percent := range []float64{0, 1, 5, 25, 50, 100} {
		f.text(noteStyle, centre, x+labels+w*math.Sqrt(percent/100), y+2*h+gap+14, strconv.Itoa(int(percent)))
	}
	f.text(noteStyle, left, x+labels+w+14, y+2*h+gap+14, "% of the true class")
}
