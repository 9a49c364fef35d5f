package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

const (
	// readers is how many accounts are read: fewer than Lockstep keeps in memory.
	readers = 5_000
	apiKey  = "bench-api-key-0123456789-0123456789"
)

// accessReads requests the access of one account after the other.
type accessReads struct{}

func (accessReads) request(buf, scratch []byte, n uint64) (request, again []byte) {
	buf = append(buf, "GET /v1/accounts/user/user_"...)
	buf = append(buf, customerID(int(n%readers))...) //nolint:gosec // below readers
	return append(buf, "/access HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "+apiKey+"\r\n\r\n"...), scratch
}

// checks asks whether one account after the other has a feature.
type checks struct{ accessReads }

func (checks) request(buf, scratch []byte, n uint64) (request, again []byte) {
	scratch = append(scratch[:0], `{"account":"user/user_`...)
	scratch = append(scratch, customerID(int(n%readers))...) //nolint:gosec // below readers
	scratch = append(scratch, `","feature":"export"}`...)
	buf = append(buf, "POST /v1/check HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer "+
		apiKey+"\r\nContent-Length: "...)
	buf = strconv.AppendInt(buf, int64(len(scratch)), 10)
	return append(append(buf, "\r\n\r\n"...), scratch...), scratch
}

// warm requests each account once, so that the measurement reads from memory only.
func (accessReads) warm(ctx context.Context, dial dialer) error {
	wire, err := dial(ctx)
	if err != nil {
		return err
	}
	defer wire.Close() //nolint:errcheck // all is sent
	answers := bufio.NewReader(wire)
	var buf []byte
	for n := range uint64(readers) {
		buf, _ = accessReads{}.request(buf[:0], nil, n)
		if _, err := wire.Write(buf); err != nil {
			return err
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the first read of an account returned %s", response.Status)
		}
	}
	return nil
}

// serveAnswer gives every request the bytes that Lockstep answers about the first account. No handler
// can be faster.
func serveAnswer(ctx context.Context, listener net.Listener, _ []string) (map[string]float64, error) {
	return nil, serve(ctx, listener, http.HandlerFunc(bareAnswer))
}

// bareTag is the ETag of the first account's access.
const bareTag = "85308245f98607bee02c43b0f20a9743"

func bareAnswer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodPost {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // the sender is ours
		io.WriteString(w, `{"allowed":false,"account":"user/user_Bench000000000","feature":"export",`+
			`"reason":"nothing was bought","access_etag":"\"`+bareTag+`\""}`+"\n")
		return
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("ETag", `"`+bareTag+`"`)
	io.WriteString(w, `{"active":false,"status":"none","reasons":[]}`+"\n")
}

// reads measures GET …/access and POST /v1/check from memory with 16 readers.
func reads(ctx context.Context, b *bench) error {
	for _, c := range []struct {
		name string
		asks questions
	}{{"access", accessReads{}}, {"check", checks{}}} {
		if err := b.readsOf(ctx, c.name, c.asks); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

func (b *bench) readsOf(ctx context.Context, name string, q questions) error {
	targets := []target{{"bare handler", "answer", ""}, lockstepSQLite, lockstepPostgres}
	rounds := make([][]Figures, len(targets))
	for range b.Rounds {
		for i, t := range targets {
			if i > 0 && !b.targets.MatchString(t.name) {
				continue
			}
			f, err := b.read(ctx, t, q)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			rounds[i] = append(rounds[i], f)
		}
	}
	for i, t := range targets {
		if rounds[i] == nil {
			continue
		}
		r := Result{Scenario: "reads", Case: name + " c=16", Target: t.name, Rounds: rounds[i]}
		if i > 0 {
			r.Ratio = map[string]float64{targets[0].name: ratios(rounds[i], rounds[0], rate)}
		}
		b.report.add(r)
	}
	return nil
}

func (b *bench) read(ctx context.Context, t target, q questions) (f Figures, err error) {
	database := ""
	if t.store != "" {
		var drop func() error
		if database, drop, err = b.populated(ctx, t.store, readers, waiting{}); err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, drop()) }()
	}
	f, total, _, err := b.once(ctx, t, database, b.load(16), q)
	if err == nil && total.answers["200"] != len(total.latencies) {
		err = fmt.Errorf("the target answered %v, want only 200", total.answers)
	}
	return f, err
}
