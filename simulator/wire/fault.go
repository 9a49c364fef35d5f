package wire

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"path"
	"sync"
	"time"
)

// Fault is one scripted fault. The zero value of a field means "any" or "off". A
// fault without Status, CutAfter and Hang has no effect.
//
// On side "delivery", a fault applies to webhook deliveries, and Path matches the
// path of the endpoint's URL. The attempt then fails without reaching the
// endpoint. With After, the attempt reaches the endpoint and the answer is lost,
// so the provider sends again what the endpoint has already accepted.
type Fault struct {
	Side        string  `json:"side,omitempty"`        // "stripe", "clerk", "delivery"; "" is stripe and clerk
	Method      string  `json:"method,omitempty"`      // "" is any
	Path        string  `json:"path,omitempty"`        // path.Match pattern; "" is any
	Nth         int     `json:"nth,omitempty"`         // only the nth matching call, counted from 1; 0 is every call
	Times       int     `json:"times,omitempty"`       // strikes at most this often; 0 is no limit
	Probability float64 `json:"probability,omitempty"` // of striking a matching call; 0 is always
	// After executes the request first and then fails, so the client cannot know
	// the outcome.
	After  bool        `json:"after,omitempty"`
	Status int         `json:"status,omitempty"` // answers with this status instead
	Header http.Header `json:"header,omitempty"` // with Status
	// Body is the answer with Status, of any content type; "" is a JSON error in
	// the provider's format.
	Body string `json:"body,omitempty"`
	// Code is the error's code, e.g. lock_timeout, with Status and without Body.
	Code string `json:"code,omitempty"`
	// CutAfter closes the connection after n bytes of the body, or before the
	// status line if it is negative.
	CutAfter int           `json:"cut_after,omitempty"`
	Hang     time.Duration `json:"hang_ns,omitempty"` // waits this long, or until the client leaves
	Name     string        `json:"name,omitempty"`    // appears in the history; "" describes the other fields
	ID       int           `json:"id,omitempty"`      // set by Add
}

// Faults is the set of active faults of a simulator. Safe for concurrent use.
type Faults struct {
	mu     sync.Mutex
	seed   uint64
	lastID int
	active []*script
}

type script struct {
	fault   Fault
	matched int
	struck  int
}

// NewFaults returns an empty set. The seed decides when faults with a Probability
// strike.
func NewFaults(seed uint64) *Faults { return &Faults{seed: seed} }

// Add activates a fault and returns its id. If several match, the oldest strikes.
func (f *Faults) Add(fault Fault) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lastID++
	fault.ID = f.lastID
	f.active = append(f.active, &script{fault: fault})
	return fault.ID
}

// Clear removes every fault.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = nil
}

// Active lists the faults that could still strike.
func (f *Faults) Active() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var faults []Fault
	for _, s := range f.active {
		if s.fault.Times == 0 || s.struck < s.fault.Times {
			faults = append(faults, s.fault)
		}
	}
	return faults
}

// Strike counts a call and returns the fault that strikes it, or nil.
func (f *Faults) Strike(side, method, urlPath string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.active {
		if !s.fault.matches(side, method, urlPath) {
			continue
		}
		s.matched++
		if !s.strikes(f.seed) {
			continue
		}
		s.struck++
		struck := s.fault
		return &struck
	}
	return nil
}

func (s *script) strikes(seed uint64) bool {
	switch {
	case s.fault.Nth > 0 && s.matched != s.fault.Nth:
		return false
	case s.fault.Times > 0 && s.struck >= s.fault.Times:
		return false
	case s.fault.Probability > 0:
		// Each fault has its own random stream, and its nth matching call draws
		// the nth number, so other traffic cannot change the result.
		hash := fnv.New64a()
		hash.Write([]byte{'f', byte(s.fault.ID), byte(s.fault.ID >> 8)})
		return rand.New(rand.NewPCG(seed^hash.Sum64(), uint64(s.matched))).Float64() < s.fault.Probability
	}
	return true
}

func (f *Fault) matches(side, method, urlPath string) bool {
	if f.Side == "" && side == "delivery" {
		return false
	}
	if f.Side != "" && f.Side != side || f.Method != "" && f.Method != method {
		return false
	}
	if f.Path == "" {
		return true
	}
	matched, err := path.Match(f.Path, urlPath)
	return err == nil && matched
}
