// Package freeport gives tests free ports, for programs that must know their port before they
// listen.
package freeport

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Ports are chosen from this range. It is below the ports that systems assign to connections (32768
// and up on Linux, 16000 in some sandboxes), which could take a port before the program listens, or
// while it restarts.
const (
	first = 11000
	ports = 5000
)

var (
	mu    sync.Mutex
	taken []net.PacketConn
)

// Take returns a port of 127.0.0.1 on which no program listens. While this process lives, nobody
// else gets the same port from Take, in this process or another: the tests of several packages run
// at once, and would collide. Take keeps the UDP port of the same number to tell other processes.
func Take() (port int, err error) {
	mu.Lock()
	defer mu.Unlock()
	for range 1000 {
		port = first + rand.IntN(ports)
		address := fmt.Sprintf("127.0.0.1:%d", port)
		var mine net.PacketConn
		if mine, err = (&net.ListenConfig{}).ListenPacket(context.Background(), "udp", address); err != nil {
			continue
		}
		var probe net.Listener
		if probe, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", address); err == nil {
			err = probe.Close()
		}
		if err == nil {
			taken = append(taken, mine)
			return port, nil
		}
		_ = mine.Close()
	}
	return 0, fmt.Errorf("no free port found: %w", err)
}
