package report

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// chromium returns the path of Chromium, or skips the test if there is none.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium or Chrome")
	return ""
}

// probe examines the page in a frame: its width, and what is shown when the pointer is on the sixth epoch of the first
// chart.
const probe = `
onload = () => {
	const page = document.querySelector("iframe").contentDocument;
	const column = page.querySelectorAll(".column")[5];
	const at = column.getBoundingClientRect();
	const title = column.querySelector("title");
	column.dispatchEvent(new PointerEvent("pointermove", {clientX: at.x, clientY: at.y + 40}));
	const hint = page.getElementById("hint").getBoundingClientRect();
	const body = getComputedStyle(page.body);
	document.querySelector("pre").textContent = JSON.stringify({
		width: page.documentElement.clientWidth, needs: page.documentElement.scrollWidth,
		hint: page.getElementById("hint").textContent, left: hint.left, right: hint.right, hasTitle: title !== null,
		images: [...page.images].filter((i) => !i.complete || i.naturalWidth === 0).length,
		styled: body.maxWidth, background: body.backgroundColor,
	});
};`

// TestBrowser opens the page in Chromium, in the width of a phone and of a desktop window: it fits, its images load,
// its script runs, and it has a dark background where the reader prefers that.
func TestBrowser(t *testing.T) {
	browser := chromium(t)
	page := written(t, sample(), Options{})
	for _, width := range []int{390, 1280} {
		for scheme, background := range map[int]string{0: "rgb(20, 24, 29)", 1: "rgb(255, 255, 255)"} { // dark, light
			dir := t.TempDir()
			path := filepath.Join(dir, "frame.html")
			frame := fmt.Sprintf(`<!doctype html><meta charset="utf-8"><pre></pre>`+
				`<iframe width="%d" height="900" style="border:0" srcdoc="%s"></iframe><script>%s</script>`,
				width, html.EscapeString(page), probe)
			must(t, os.WriteFile(path, []byte(frame), 0o644))
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu",
				"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
				fmt.Sprintf("--blink-settings=preferredColorScheme=%d", scheme), "--window-size=1400,1000",
				"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=5000", "--dump-dom",
				"file://"+path).Output()
			if err != nil {
				t.Fatalf("%s: %v", browser, err)
			}
			m := regexp.MustCompile(`<pre>(.*?)</pre>`).FindSubmatch(out)
			var saw struct {
				Width, Needs       int
				Hint               string
				Left, Right        float64
				HasTitle           bool
				Images             int
				Styled, Background string
			}
			if m == nil {
				t.Fatalf("the browser wrote no result, but %.200s", out)
			}
			if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &saw); err != nil {
				t.Fatalf("the browser's result %q: %v", m[1], err)
			}
			if saw.Needs > saw.Width || saw.Width < width-20 {
				t.Errorf("%d pixels: the page is %d wide and needs %d", width, saw.Width, saw.Needs)
			}
			if !strings.HasPrefix(saw.Hint, "Epoch 6\n20260102-030405-fashion-resnet, training: 0.3333\n") ||
				saw.HasTitle || saw.Left < 0 || saw.Right > float64(saw.Width) {
				t.Errorf("%d pixels: pointing at an epoch shows %q from %g to %g (title %v)", width, saw.Hint, saw.Left,
					saw.Right, saw.HasTitle)
			}
			if saw.Images > 0 || saw.Styled == "none" || saw.Background != background {
				t.Errorf("%d pixels: %d broken images, width at most %s, background %s, want %s", width, saw.Images,
					saw.Styled, saw.Background, background)
			}
		}
	}
}
