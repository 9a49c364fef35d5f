package fleet

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// cutter is a proxy between the replicas and PostgreSQL. It reads what the clients send. After a commit that it shall
// cut, it waits for the server's answer and then closes the connection instead of passing the answer on. So the
// transaction is committed but its client cannot know.
type cutter struct {
	target string
	at     string
	// cut reports whether to cut the commit of a transaction with these messages.
	cut func(transaction []byte) bool
}

func newCutter(t *testing.T, target string, cut func([]byte) bool) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{target: target, at: listener.Addr().String(), cut: cut}
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go c.carry(client)
		}
	}()
	return c
}

// carry proxies a connection until one side closes it or it is cut.
func (c *cutter) carry(client net.Conn) {
	server, err := net.Dial("tcp", c.target)
	if err != nil {
		_ = client.Close()
		return
	}
	var cutting atomic.Bool
	var both sync.WaitGroup
	end := func() { _, _ = client.Close(), server.Close() } // losing data in flight is intended
	both.Go(func() {
		defer end()
		c.upstream(client, server, &cutting)
	})
	both.Go(func() {
		defer end()
		buffer, end := make([]byte, 64<<10), []byte(nil)
		for {
			n, err := server.Read(buffer)
			if err != nil {
				return
			}
			if cutting.Load() {
				// The commit may have been sent together with earlier statements. It is done when the server sends
				// ReadyForQuery.
				end = append(end, buffer[:n]...)
				end = end[max(0, len(end)-6):]
				if bytes.HasPrefix(end, []byte("Z\x00\x00\x00\x05")) {
					return
				}
				continue
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	both.Wait()
}

// upstream forwards the client's messages.
func (c *cutter) upstream(client io.Reader, server io.Writer, cutting *atomic.Bool) {
	in := bufio.NewReader(client)
	var transaction []byte
	for started := false; ; {
		head := make([]byte, 5) // type and length
		if !started {
			head = head[:4] // the first messages have no type
		}
		if _, err := io.ReadFull(in, head); err != nil {
			return
		}
		length := binary.BigEndian.Uint32(head[len(head)-4:])
		message := append(head, make([]byte, length-4)...)
		if _, err := io.ReadFull(in, message[len(head):]); err != nil {
			return
		}
		statement := bytes.TrimPrefix(message[5:], []byte("\x00")) // in a Parse message it follows the empty name
		switch {
		case !started:
			const plain = 3 << 16 // protocol version 3; otherwise it requests encryption, which the server refuses
			started = binary.BigEndian.Uint32(message[4:8]) >= plain && message[4] == 0
		case bytes.HasPrefix(statement, []byte("begin")):
			transaction = nil
		case bytes.HasPrefix(statement, []byte("commit\x00")):
			cutting.Store(c.cut(transaction))
		default:
			transaction = append(transaction, message...)
		}
		if _, err := server.Write(message); err != nil {
			return
		}
	}
}
