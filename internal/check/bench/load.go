package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// load says how to send requests to a target.
type load struct {
	senders    int
	rate       float64 // events due per second; 0 means a closed loop
	duplicates float64 // share of events that were sent before
	warmup     time.Duration
	measured   time.Duration
}

// recent is how many of the last events a duplicate is chosen from.
const recent = 2000

// tally is the outcome of a load.
type tally struct {
	latencies []time.Duration // of answers with status 200, after the warm-up
	answers   map[string]int  // by status, after the warm-up
	distinct  map[uint64]bool // events answered with 200, warm-up included; nil without duplicates
	ok        int             // answers with 200, warm-up included
	began     time.Time       // when the warm-up ended
	took      time.Duration
}

// stored returns how many events the target must hold.
func (t *tally) stored() int {
	if t.distinct != nil {
		return len(t.distinct)
	}
	return t.ok
}

// dialer connects to a target.
type dialer func(ctx context.Context) (net.Conn, error)

// at returns a dialer for an address.
func at(address string) dialer {
	return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) }
}

// questions makes requests.
type questions interface {
	// request appends the n-th request to buf. scratch belongs to the sender and is reused.
	request(buf, scratch []byte, n uint64) (request, again []byte)
}

// warming is implemented by questions that must be asked once before the measurement.
type warming interface {
	warm(ctx context.Context, dial dialer) error
}

// run sends requests until the time is over. It calls atStart when the warm-up ends.
func (l load) run(ctx context.Context, dial dialer, q questions, atStart func()) (*tally, error) {
	begin := time.Now()
	start, end := begin.Add(l.warmup), begin.Add(l.warmup+l.measured)
	ctx, cancel := context.WithDeadline(ctx, end.Add(30*time.Second))
	defer cancel()
	var turns, fresh atomic.Uint64
	var group sync.WaitGroup
	group.Go(func() {
		time.Sleep(l.warmup)
		atStart()
	})
	senders := make([]sender, l.senders)
	for i := range senders {
		s := &senders[i]
		*s = sender{load: l, questions: q, turns: &turns, fresh: &fresh, begin: begin, start: start, end: end,
			random: rand.New(rand.NewPCG(1, uint64(i)))}
		s.answers, s.seen = map[string]int{}, map[uint64]bool{}
		group.Go(func() { s.err = s.send(ctx, dial) })
	}
	group.Wait()
	return l.total(senders, start)
}

// total adds up what the senders recorded.
func (l load) total(senders []sender, start time.Time) (*tally, error) {
	total := &tally{answers: map[string]int{}, began: start, took: l.measured}
	if l.duplicates > 0 {
		total.distinct = map[uint64]bool{}
	}
	var errs []error
	for i := range senders {
		s := &senders[i]
		errs = append(errs, s.err)
		total.latencies = append(total.latencies, s.latencies...)
		total.ok += s.ok
		for status, n := range s.answers {
			total.answers[status] += n
		}
		if total.distinct != nil {
			for n := range s.seen {
				total.distinct[n] = true
			}
		}
	}
	slices.Sort(total.latencies)
	return total, errors.Join(errs...)
}

// sender is one connection.
type sender struct {
	load
	questions         questions
	turns, fresh      *atomic.Uint64 // events sent, and those sent for the first time
	begin, start, end time.Time
	random            *rand.Rand

	latencies []time.Duration
	answers   map[string]int
	seen      map[uint64]bool
	ok        int
	err       error
}

func (s *sender) send(ctx context.Context, dial dialer) error {
	wire, err := dial(ctx)
	if err != nil {
		return err
	}
	defer wire.Close() //nolint:errcheck // all is sent
	if deadline, has := ctx.Deadline(); has {
		if err := wire.SetDeadline(deadline); err != nil {
			return err
		}
	}
	answers := bufio.NewReader(wire)
	var request, scratch []byte
	for ctx.Err() == nil {
		due := time.Now()
		if s.rate > 0 {
			due = s.begin.Add(time.Duration(float64(s.turns.Add(1)-1) / s.rate * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		if due.After(s.end) {
			return nil
		}
		n := s.choose()
		request, scratch = s.questions.request(request[:0], scratch, n)
		if s.rate == 0 {
			due = time.Now() // do not count the time to make the request
		}
		status, err := exchange(wire, answers, request)
		if err != nil {
			return fmt.Errorf("request %d: %w", n, err)
		}
		s.note(n, status, due, time.Now())
	}
	return ctx.Err()
}

// choose returns the number of the event to send.
func (s *sender) choose() uint64 {
	if s.duplicates > 0 && s.random.Float64() < s.duplicates {
		if sent := s.fresh.Load(); sent > recent {
			return sent - 1 - s.random.Uint64N(recent)
		}
	}
	return s.fresh.Add(1) - 1
}

// note records an answer.
func (s *sender) note(n uint64, status int, due, now time.Time) {
	if status == 200 {
		s.ok++
		if s.duplicates > 0 {
			s.seen[n] = true
		}
	}
	if due.Before(s.start) || s.rate == 0 && now.After(s.end) {
		return
	}
	s.answers[strconv.Itoa(status)]++
	if status == 200 {
		s.latencies = append(s.latencies, now.Sub(due))
	}
}

// exchange sends a request and reads the answer, with as little work as possible.
func exchange(wire io.Writer, answers *bufio.Reader, request []byte) (status int, err error) {
	if _, err := wire.Write(request); err != nil {
		return 0, err
	}
	length := 0
	for first := true; ; first = false {
		line, err := answers.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch name, value, _ := bytes.Cut(line, []byte(":")); {
		case first:
			if len(line) < 12 {
				return 0, fmt.Errorf("answer %q", line)
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, err
			}
		case len(line) == 0:
			_, err = answers.Discard(length)
			return status, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
}

// figures returns the tally's rate and latencies.
func (t *tally) figures() Figures {
	at := func(share float64) float64 {
		if len(t.latencies) == 0 {
			return 0
		}
		i := min(int(share*float64(len(t.latencies))), len(t.latencies)-1)
		return float64(t.latencies[i].Microseconds()) / 1000
	}
	return Figures{Rate: float64(len(t.latencies)) / t.took.Seconds(), P50: at(0.5), P99: at(0.99), P999: at(0.999),
		Max: at(1), Answers: t.answers}
}
