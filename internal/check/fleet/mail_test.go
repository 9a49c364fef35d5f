package fleet

import (
	"bufio"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// postOffice is a mail server on loopback that counts the e-mails that it accepts.
type postOffice struct {
	listener net.Listener
	mu       sync.Mutex
	mails    map[string]int // by Message-ID
}

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{listener: listener, mails: map[string]int{}}
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go p.talk(connection)
		}
	}()
	return p
}

func (p *postOffice) port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// talk answers the commands of one connection until it ends. The client may be killed at any time.
func (p *postOffice) talk(connection net.Conn) {
	defer func() { _ = connection.Close() }()
	say := func(line string) { fmt.Fprintf(connection, "%s\r\n", line) }
	in := textproto.NewReader(bufio.NewReader(connection))
	say("220 post office")
	for {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		switch command, _, _ := strings.Cut(strings.ToUpper(line), " "); command {
		case "DATA":
			say("354 go on")
			text, err := in.ReadDotBytes()
			if err != nil {
				return
			}
			p.take(string(text))
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (p *postOffice) take(mail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for line := range strings.Lines(mail) {
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Message-ID") {
			p.mails[strings.TrimSpace(value)]++
			return
		}
	}
	p.mails["none"] += 2 // an e-mail without an id is an error
}

// count returns how many e-mails were accepted, and which ones more than once.
func (p *postOffice) count() (mails int, twice []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, n := range p.mails {
		mails += n
		if n > 1 {
			twice = append(twice, id)
		}
	}
	return mails, twice
}
