// Package freeport gives tests ports for programs that must be told where to listen before
// they do.
package freeport

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Ports are given out from here on: below those that systems give to connections by
// themselves (32768 and up on Linux, 16000 in some sandboxes), or one of these could have
// taken a port before the program listens, or while it is restarted.
const (
	first = 11000
	ports = 5000
)

var (
	mu    sync.Mutex
	taken []net.PacketConn
)

// Take returns a port of 127.0.0.1 where nobody listens, and which nobody else is given as
// long as this process lives: neither by it nor by another that asks here. Tests of several
// packages run at once, and two that drew the same would collide when they listen.
//
// What tells other processes is the UDP port of the same number, which this one keeps.
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
		_ = mine.Close() // it is given to nobody
	}
	return 0, fmt.Errorf("no port is free: %w", err)
}
