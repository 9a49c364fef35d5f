package pgstore

import (
	"net"
	"syscall"
	"testing"
)

// A connection to a server that vanished ends within half a minute.
func TestConnectionsToAVanishedServerEnd(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	config, err := parse("postgres://" + listener.Addr().String() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := config.ConnConfig.DialFunc(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	option := func(name int) (value int) {
		// nolint:gosec // a descriptor
		if err := raw.Control(func(fd uintptr) {
			value, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP,
				name)
		}); err != nil {
			t.Error(err)
		}
		return value
	}
	if gone := option(syscall.TCP_KEEPIDLE) + option(syscall.TCP_KEEPINTVL)*option(syscall.TCP_KEEPCNT); gone > 30 {
		t.Errorf("it is given up after %d s", gone)
	}
}
