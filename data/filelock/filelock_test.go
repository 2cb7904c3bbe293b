package filelock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// holder makes the test binary lock the file that it names and wait for its stdin to end.
const holder = "FILELOCK_TEST_HOLD"

func TestMain(m *testing.M) {
	if path := os.Getenv(holder); path != "" {
		if _, err := Lock(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("locked")
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// hold locks a file in another process, which end kills.
func hold(t *testing.T, path string) (pid int, end func()) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), holder+"="+path)
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := errors.Join(err1, err2, c.Start()); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 100)
	n, _ := out.Read(said)
	if got := string(said[:n]); got != "locked\n" {
		t.Fatalf("the other process says %q, want that it has the lock", got)
	}
	return c.Process.Pid, func() { c.Process.Kill(); c.Wait(); in.Close() }
}

func TestLockEndsWithItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if o, held := Find(path); held {
		t.Errorf("a file that is not there is held by %v", o)
	}
	pid, kill := hold(t, path)
	want := fmt.Sprintf("in use by process %d", pid)
	var held *Held
	if _, err := Lock(path); !errors.As(err, &held) || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if o, held := Find(path); !held || o.PID != pid {
		t.Errorf("held %v by %v, want process %d", held, o, pid)
	}
	kill()
	if o, held := Find(path); held {
		t.Errorf("after the process was killed: held by %v", o)
	}
	l, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if o, held := Find(path); !held || o.PID != os.Getpid() {
		t.Errorf("held %v by %v, want this process", held, o)
	}
	if _, err := Lock(path); !errors.As(err, &held) {
		t.Errorf("a second lock in one process: %v, want it refused", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, held := Find(path); held {
		t.Error("held after it was closed")
	}
}

// A look at a lock, which holds it for a moment, refuses it to nobody.
func TestFindDisturbsNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-done:
				return
			default:
				Find(path)
				time.Sleep(time.Millisecond)
			}
		}
	}()
	for range 50 {
		l, err := Lock(path)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
}

// What stands in the file of a lock that is held is not taken for a process unless it is one.
func TestUnreadableOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, content := range []string{"", "x y\n", "12", strings.Repeat("1", 1000)} {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if o, held := Find(path); !held || o != (Owner{}) || o.String() != "another process" {
			t.Errorf("%.20q: held %v by %v, want it to be held by another process", content, held, o)
		}
	}
	if got, want := (Owner{12, "\x1b[31melsewhere"}).String(), `process 12 on "\x1b[31melsewhere"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
