package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"resnet/nn/train"
)

func TestSameBytes(t *testing.T) {
	first := written(t, sample(), Options{})
	for range 3 {
		if written(t, sample(), Options{}) != first {
			t.Error("the page differs from time to time")
		}
	}
}

var (
	resource = regexp.MustCompile(`(?i)\b(src|href|srcset|action|data|poster|background)\s*=\s*"([^"]*)"`)
	void     = regexp.MustCompile(`<((?:meta|input|img|br)\b[^>]*)>`) // elements that HTML does not close
	embedded = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>`)
)

// TestSelfContained: a page refers to nothing outside it, and its security policy tells the browser to refuse to load
// anything.
func TestSelfContained(t *testing.T) {
	for _, runs := range [][]Run{sample(), sample()[:1], sample()[2:]} {
		page := written(t, runs, Options{})
		for _, m := range resource.FindAllStringSubmatch(page, -1) {
			if !strings.HasPrefix(m[2], "data:image/png;base64,") {
				t.Errorf("the page asks for %s", m[0])
			}
		}
		for _, s := range []string{"://", "url(", "@import", "fetch(", "XMLHttpRequest"} {
			if strings.Contains(page, s) {
				t.Errorf("the page has %s", s)
			}
		}
		if !strings.Contains(page, `content="default-src 'none'; img-src data:;`) {
			t.Error("the page does not tell the browser to load nothing")
		}
	}
}

// TestWellFormed: every element is closed, and a name with markup in it is shown as text.
func TestWellFormed(t *testing.T) {
	for _, runs := range [][]Run{sample(), sample()[1:2], sample()[2:]} {
		page := written(t, runs, Options{Title: hostile})
		if strings.Contains(page, "<script>alert") || strings.Count(page, "<script>") != 1 {
			t.Error("a name became a script")
		}
		d := xml.NewDecoder(strings.NewReader(void.ReplaceAllString(embedded.ReplaceAllString(page, ""), "<$1/>")))
		names := 0
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if text, ok := token.(xml.CharData); ok && strings.Contains(string(text), hostile) {
				names++
			}
		}
		if names < 2 { // title and heading
			t.Errorf("the name is there as text %d times, want 2 or more", names)
		}
	}
}

// TestSections: sections without content are left out.
func TestSections(t *testing.T) {
	runs := sample()
	bare := runs[0]
	bare.Evaluation, bare.Mistakes, bare.Environment = nil, nil, nil
	for _, c := range []struct {
		runs    []Run
		has     []string
		without []string
	}{
		{runs[:1], []string{
			"<h1>fashion-resnet on fashion-mnist</h1>", "Best accuracy", "95.00\u00a0%", "test split, epoch 7",
			"<dt>Evaluated</dt><dd>90.00\u00a0%</dd>", "4 min 02 s", "8 of 8", ">batch_size</dt><dd>32<",
			"Confusion matrix", "Most confused", "Surest mistakes", "99.99\u00a0%", "#4711", "Environment",
			"resnet train --epochs 8",
		}, []string{"only what differs", "No epoch"}},
		{[]Run{bare}, []string{"Best accuracy", "Curves", "Configuration", "Epochs"},
			[]string{"Evaluated", "Confusion", "mistakes", "Environment"}},
		{runs[2:], []string{"No epoch has ended yet", "Configuration"},
			[]string{"<svg", "<h2>Epochs", "Confusion", "Best accuracy"}},
		{runs, []string{
			"<h1>3 training runs</h1>", "only what differs",
			`<tr class="differs"><th scope="row">lr</th><td>0.001</td><td>0.01</td><td>0.001</td></tr>`,
		}, []string{"Evaluated"}},
	} {
		c.runs[0].Config.Epochs = 8
		page := written(t, c.runs, Options{})
		for _, s := range c.has {
			if !strings.Contains(page, s) {
				t.Errorf("a page of %d runs lacks %q", len(c.runs), s)
			}
		}
		for _, s := range c.without {
			if strings.Contains(page, s) {
				t.Errorf("a page of %d runs has %q", len(c.runs), s)
			}
		}
	}
	if page := written(t, runs, Options{Title: "Mine"}); !strings.Contains(page, "<title>Mine</title>") ||
		!strings.Contains(page, "<h1>Mine</h1>") {
		t.Error("a title of the caller's is not used")
	}
}

// TestMarkup counts elements that the style sheet refers to.
func TestMarkup(t *testing.T) {
	one, all := written(t, sample()[:1], Options{}), written(t, sample(), Options{})
	for _, c := range []struct {
		page, what string
		want       int
	}{
		{one, `<path class="c0" `, 4},       // of four charts: the curve of validation or the only one
		{one, `<path class="c0 train" `, 2}, // of loss and accuracy
		{one, `<circle class="best c0" `, 2},
		{one, `<g class="column">`, 4 * 8},
		{one, `<tr class="best"><td>7</td>`, 1},
		{one, `<td class="right" `, 10},
		{one, `<td class="wrong" `, 20},
		{one, `<figure><img `, 2},
		{one, ` class="coarse"`, 1}, // the image of 28 pixels, not the one of 120
		{all, `<path class="c1" `, 4},
		{all, `<g class="column">`, 4 * 30},
		{all, `<img class="heat" `, 1}, // of the evaluation of 40 classes
		{all, `<span class="c2"><i class="swatch"></i>new</span>`, 1},
		{all, `<details>`, 2}, // of the runs that have epochs
	} {
		if got := strings.Count(c.page, c.what); got != c.want {
			t.Errorf("%s is there %d times, want %d", c.what, got, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	change := func(f func(r *Run)) []Run {
		runs := sample()[:1]
		f(&runs[0])
		return runs
	}
	for _, c := range []struct {
		runs []Run
		want string
	}{
		{nil, "report: no runs, want at least one"},
		{change(func(r *Run) { r.Rows[3].Epoch = 3 }),
			"report: 20260102-030405-fashion-resnet: epoch 3 after 3, want more"},
		{change(func(r *Run) { r.Rows[0].Epoch = -1 }), "epoch -1 after 0"},
		{change(func(r *Run) { r.Rows[7].Epoch = 1 << 40 }), "at most 1048576"},
		{change(func(r *Run) { r.Evaluation.Classes = r.Evaluation.Classes[:9] }),
			"confusion matrix of 10 rows for 9 classes"},
		{change(func(r *Run) { r.Evaluation.Confusion[2] = make([]int, 11) }),
			"confusion matrix of 11 columns for 10 classes"},
		{change(func(r *Run) { r.Mistakes[1].Image = nil }), "mistake 1: no image"},
		{change(func(r *Run) { r.Mistakes[0].Image = photograph(0, 5) }), "mistake 0: "},
	} {
		var b bytes.Buffer
		if err := Write(&b, c.runs, Options{}); err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("%d bytes and error %v, want none and %q", b.Len(), err, c.want)
		}
	}
	if err := Write(brokenWriter{}, sample(), Options{}); !errors.Is(err, errBroken) {
		t.Errorf("a writer that fails: error %v, want its own", err)
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestBest(t *testing.T) {
	rows := epochs(5)
	rows[1].Val.Accuracy, rows[3].Val.Accuracy = 0.95, 0.95
	if b := best(rows); b.Epoch != 2 {
		t.Errorf("best epoch %d of two equal ones, want the first, 2", b.Epoch)
	}
	for i := range rows {
		rows[i].Val = nil
	}
	if b := best(rows); b.Epoch != 5 {
		t.Errorf("best epoch %d without validation, want the last, 5", b.Epoch)
	}
	if b := best(nil); b != nil {
		t.Errorf("best epoch %+v of none", b)
	}
	if m := medianSpeed([]train.Row{{ImagesPerSecond: 5}, {ImagesPerSecond: 9}, {ImagesPerSecond: 1}}); m != 5 {
		t.Errorf("median speed %g of 5, 9 and 1", m)
	}
}

func TestNumbers(t *testing.T) {
	for s, want := range map[float64]string{
		0: "0 s", 59.4: "59 s", 59.6: "1 min 00 s", 282.2: "4 min 42 s",
		3600: "1 h", 3661: "1 h 01 min", 400000: "111 h 06 min",
	} {
		if got := duration(s); got != want {
			t.Errorf("%g seconds are %q, want %q", s, got, want)
		}
	}
	for x, want := range map[float64]string{
		0: "0", 999.4: "999", 1669.8: "1,670", 1234567: "1,234,567",
		-4000: "-4,000", -400: "-400",
	} {
		if got := thousands(x); got != want {
			t.Errorf("%g is %q, want %q", x, got, want)
		}
	}
}
