package simtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// network is an internet of in-memory connections. A host is a name.
type network struct {
	seed  uint64
	mu    sync.Mutex
	hosts map[string]*pipeListener
	rng   *rand.Rand // draws latencies
}

func newNetwork(seed uint64) *network {
	return &network{seed: seed, hosts: map[string]*pipeListener{}, rng: rand.New(rand.NewPCG(seed, 7))}
}

// listen makes a host reachable until the listener is closed.
func (n *network) listen(host string) net.Listener {
	l := &pipeListener{host: host, conns: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host] = l
	return l
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	l := n.hosts[host]
	n.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("no such host: %s", host)
	}
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.closed:
		return nil, fmt.Errorf("connection to %s refused", host)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// latency draws how long a message takes.
func (n *network) latency() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Duration(1000+n.rng.IntN(30_000)) * time.Microsecond
}

// party is one participant's access to the network. Cutting it off fails every request in progress, as the death of a
// process would.
type party struct {
	network   *network
	transport *http.Transport
	dead      chan struct{}
	once      sync.Once
	watch     func(*http.Request) error // is called before each request and may stop it; may be nil
	answered  func(*http.Request) error // is called before each answer and may drop it; may be nil
	stall     atomic.Int64              // how long the next request hangs, regardless of its context
	held      atomic.Int64              // requests that hang now
}

func (n *network) party() *party {
	return &party{network: n, dead: make(chan struct{}),
		transport: &http.Transport{DialContext: n.dial, IdleConnTimeout: 30 * time.Second}}
}

var errDead = errors.New("the process is dead")

// RoundTrip sends a request with a latency each way, unless the party is cut off.
func (p *party) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	returned := make(chan struct{})
	defer close(returned)
	go func() {
		select {
		case <-p.dead:
			cancel(errDead)
		case <-returned:
		}
	}()
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	if p.watch != nil {
		switch err := p.watch(r); {
		case errors.Is(err, errEnough):
			return &http.Response{StatusCode: http.StatusUnprocessableEntity,
				Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
				Body: io.NopCloser(strings.NewReader(`{"errors":[{"code":"enough","message":"enough","long_message":"enough"}]}`))}, nil
		case err != nil:
			return nil, err
		}
	}
	if err := p.hang(); err != nil {
		return nil, err
	}
	response, err := p.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if p.answered != nil {
		if err := p.answered(r); err != nil {
			response.Body.Close()
			return nil, err
		}
	}
	if err := p.wait(ctx); err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

// hang waits as a stopped process would, which notices neither time nor its context.
func (p *party) hang() error {
	stall := p.stall.Swap(0)
	if stall == 0 {
		return nil
	}
	p.held.Add(1)
	defer p.held.Add(-1)
	select {
	case <-time.After(time.Duration(stall)):
		return nil
	case <-p.dead:
		return errDead
	}
}

func (p *party) wait(ctx context.Context) error {
	timer := time.NewTimer(p.network.latency())
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.dead:
		return errDead
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *party) client(timeout time.Duration) *http.Client {
	return &http.Client{Transport: p, Timeout: timeout}
}

func (p *party) cut() {
	p.once.Do(func() { close(p.dead) })
	p.transport.CloseIdleConnections()
}

// pipeListener accepts the connections that dial creates.
type pipeListener struct {
	host   string
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: l.host, Net: "memory"} }
