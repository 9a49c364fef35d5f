package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"time"
)

// backfillProgress is what the API reports.
type backfillProgress struct {
	State, Phase string
	Done         int64
	Report       struct{ Linked struct{ Count int64 } }
}

func askBackfill(ctx context.Context, address string) (at backfillProgress, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/v1/backfill", nil)
	if err != nil {
		return at, err
	}
	request.Header.Set("Authorization", "Bearer "+apiKey)
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return at, err
	}
	defer response.Body.Close()
	return at, json.NewDecoder(response.Body).Decode(&at)
}

// killFrom is how many customers a business must have for the kill. A smaller run measures the pace alone, without the
// minute until the lease of the killed process expires.
const killFrom = 500_000

// backfill measures the first start on a business of -accounts customers. If there are many, it kills the process with
// -9 while Lockstep lists them. Each provider allows 100 requests a second.
func backfill(ctx context.Context, b *bench) (err error) {
	const limit = 100
	providers, err := newBusiness(b.Accounts, limit, upstreamLatency/4)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, providers.close()) }()
	run := &backfillRun{bench: b, more: map[string]float64{}, since: time.Now(),
		args: []string{"sqlite", filepath.Join(b.dir, "backfill.db"), providers.address, strconv.Itoa(limit),
			strconv.Itoa(limit), "0"}}
	began := time.Now()
	if run.process, err = b.start(ctx, "working", run.args...); err != nil {
		return err
	}
	defer func() { run.process.kill() }()
	if err := run.untilDone(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	calls, refused, lists := providers.total()
	run.more["seconds"], run.more["calls"], run.more["answers_429"], run.more["customer_pages"] = took.Seconds(),
		float64(calls), float64(refused), float64(lists)
	b.report.add(Result{Scenario: "backfill", Case: fmt.Sprintf("%d customers", b.Accounts), Target: "lockstep sqlite",
		Rounds: []Figures{{Rate: float64(b.Accounts) / took.Seconds(), Memory: run.peak, More: run.more}},
		Notes: []string{fmt.Sprintf("each provider allows %d requests a second; a process that lists at least %d customers is killed on the way, and the next must wait 60 s for its lease to expire",
			limit, killFrom)}})
	return nil
}

// backfillRun follows one backfill.
type backfillRun struct {
	*bench
	args    []string // of the process
	process *process
	killed  bool
	phase   string
	since   time.Time // when the phase started
	peak    float64   // memory of the process, in MB
	more    map[string]float64
}

// untilDone polls the backfill until it is done, and kills the process once on the way.
func (r *backfillRun) untilDone(ctx context.Context) error {
	for {
		at, err := askBackfill(ctx, r.process.address)
		if err != nil {
			return err
		}
		r.peak = max(r.peak, r.process.peak())
		r.note(at.Phase)
		if at.State == "done" {
			if at.Report.Linked.Count != int64(r.Accounts) {
				return fmt.Errorf("the backfill linked %d of %d customers", at.Report.Linked.Count, r.Accounts)
			}
			return nil
		}
		if !r.killed && r.Accounts >= killFrom && at.Phase == "customers" && at.Done > int64(r.Accounts)*4/10 {
			if err := r.restart(ctx, at.Done); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// note records how long the phase before this one took.
func (r *backfillRun) note(phase string) {
	if phase == r.phase {
		return
	}
	if r.phase != "" {
		took := time.Since(r.since).Seconds()
		r.more[r.phase+"_s"] = took
		fmt.Printf("  %s: %.0f s, %.0f MB\n", r.phase, took, r.peak)
	}
	r.phase, r.since = phase, time.Now()
}

// restart kills the process, after it has listed so many customers, and starts another.
func (r *backfillRun) restart(ctx context.Context, listed int64) error {
	r.process.kill()
	r.killed, r.more["killed_at"] = true, float64(listed)
	next, err := r.start(ctx, "working", r.args...)
	if err != nil {
		return err
	}
	r.process = next
	return nil
}
