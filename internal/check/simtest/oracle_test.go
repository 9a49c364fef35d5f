package simtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// oracle watches a service at work, for promises that the end state does not show: a key never has two holders, and
// the database knows first what the metadata says.
type oracle struct {
	mu       sync.Mutex
	holders  map[lockstep.Key]string // token of the newest claim
	diskFull atomic.Bool
	writes   atomic.Int64 // metadata writes
	problems []string
}

func newOracle() *oracle { return &oracle{holders: map[lockstep.Key]string{}} }

func (o *oracle) wrong(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.problems = append(o.problems, fmt.Sprintf(format, args...))
}

// Write collects the service's log. No line may hold a secret or an e-mail address.
func (o *oracle) Write(line []byte) (int, error) {
	for _, canary := range []string{"@example.com", "@gmile", "whsec_", stripeKey, apiKey, "Bearer", "__clerk"} {
		if bytes.Contains(line, []byte(canary)) {
			o.wrong("a log line holds %q: %s", canary, line)
		}
	}
	return len(line), nil
}

// watched is a store that the oracle watches and whose disk it can fill.
type watched struct {
	lockstep.Store
	oracle *oracle
}

var errFull = errors.New("disk is full")

func (w watched) full() error {
	if w.oracle.diskFull.Load() {
		return errFull
	}
	return nil
}

// Receive fails while the disk is full.
func (w watched) Receive(ctx context.Context, deliveries []lockstep.Delivery) ([]lockstep.Receipt, error) {
	if err := w.full(); err != nil {
		return nil, err
	}
	return w.Store.Receive(ctx, deliveries)
}

// Save fails while the disk is full.
func (w watched) Save(ctx context.Context, claim lockstep.Claim, change lockstep.AccountUpdate) error {
	if err := w.full(); err != nil {
		return err
	}
	return w.Store.Save(ctx, claim, change)
}

// SaveProjected fails while the disk is full.
func (w watched) SaveProjected(ctx context.Context, claim lockstep.Claim, account lockstep.Account,
	projected map[string]any) error {
	if err := w.full(); err != nil {
		return err
	}
	return w.Store.SaveProjected(ctx, claim, account, projected)
}

// SaveLicense fails while the disk is full.
func (w watched) SaveLicense(ctx context.Context, claim lockstep.Claim, license lockstep.License,
	notices []lockstep.Notice) error {
	if err := w.full(); err != nil {
		return err
	}
	return w.Store.SaveLicense(ctx, claim, license, notices)
}

// Claim records the new holders.
func (w watched) Claim(ctx context.Context, request lockstep.ClaimRequest) ([]lockstep.Claim, error) {
	claims, err := w.Store.Claim(ctx, request)
	w.oracle.mu.Lock()
	defer w.oracle.mu.Unlock()
	for _, c := range claims {
		w.oracle.holders[c.Key] = c.Token
	}
	return claims, err
}

// Finish may end only the newest claim of a key.
func (w watched) Finish(ctx context.Context, claim lockstep.Claim, outcome lockstep.Outcome) error {
	if err := w.full(); err != nil {
		return err
	}
	w.oracle.mu.Lock()
	current := w.oracle.holders[claim.Key]
	w.oracle.mu.Unlock()
	err := w.Store.Finish(ctx, claim, outcome)
	if err == nil && current != claim.Token {
		w.oracle.wrong("a run of %s that had lost its lease finished the key as %s", claim.Key, outcome.Disposition)
	}
	return err
}

// manyWrites is ten times the metadata writes that a world needs. A service that answers the webhook of its own write
// with another write never settles.
const manyWrites = 200

// errEnough is a permanent refusal by Clerk, so that Lockstep does not retry it for months.
var errEnough = errors.New("too many metadata writes")

// endless reports whether the service writes metadata without end.
func (o *oracle) endless() bool { return o.writes.Load() >= manyWrites }

// countWrite stops metadata writes that have no end.
func (o *oracle) countWrite(r *http.Request) error {
	if r.Method != http.MethodPatch || !strings.HasSuffix(r.URL.Path, "/metadata") {
		return nil
	}
	switch n := o.writes.Add(1); {
	case n == manyWrites:
		o.wrong("the service writes metadata without end")
		fallthrough
	case n > manyWrites:
		return errEnough
	}
	return nil
}

// checkOrder checks an outgoing metadata write: the plan in it must already follow from the database.
func (o *oracle) checkOrder(store lockstep.Store, r *http.Request) {
	if r.Method != http.MethodPatch || !strings.HasSuffix(r.URL.Path, "/metadata") {
		return
	}
	if r.GetBody == nil {
		o.wrong("a metadata write cannot be read twice, so its order cannot be checked")
		return
	}
	body, err := r.GetBody()
	if err != nil {
		o.wrong("read a metadata write: %v", err)
		return
	}
	text, err := io.ReadAll(body)
	if err != nil {
		o.wrong("read a metadata write: %v", err)
		return
	}
	var write struct {
		Public map[string]any `json:"public_metadata"`
	}
	if err := json.Unmarshal(text, &write); err != nil {
		o.wrong("a metadata write is not JSON: %v", err)
		return
	}
	plan, gives := write.Public["plan"].(string)
	account, known := lockstep.AccountOfReference(strings.Split(r.URL.Path, "/")[3])
	if !gives || !known {
		return
	}
	record, err := store.Account(context.Background(), account)
	if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
		return // the service was just killed
	}
	// Another run may have found more meanwhile, but something must grant the plan.
	for _, reason := range catalog.Decide(record.Subscriptions, record.Licenses, time.Now()).Reasons {
		if reason.Plan == plan {
			return
		}
	}
	o.wrong("the metadata of %s gets the plan %q, which nothing in our database grants", account, plan)
}
