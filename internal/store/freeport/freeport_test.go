package freeport

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Two processes that take many ports never get the same one.
func TestNoPortIsGivenTwice(t *testing.T) {
	const many = 300
	if os.Getenv("FREEPORT_TEST_TAKES") != "" {
		for range many {
			port, err := Take()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println("port", port)
		}
		_, _ = os.Stdin.Read(make([]byte, 1)) // keeps the ports until the other process has taken its own
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.CommandContext(t.Context(), self, "-test.run=^TestNoPortIsGivenTwice$")
	other.Env = append(os.Environ(), "FREEPORT_TEST_TAKES=1")
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	given := map[int]bool{}
	for range many {
		var port int
		if _, err := fmt.Fscanf(out, "port %d\n", &port); err != nil {
			t.Fatal(err)
		}
		given[port] = true
	}
	for range many {
		port, err := Take()
		if err != nil {
			t.Fatal(err)
		}
		if given[port] {
			t.Fatalf("port %d was given twice", port)
		}
		given[port] = true
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := other.Wait(); err != nil && !strings.Contains(err.Error(), "already closed") {
		t.Fatal(err)
	}
}

// Take does not return a port on which another program listens.
func TestAPortIsFree(t *testing.T) {
	for range 50 {
		port, err := Take()
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
	}
}
