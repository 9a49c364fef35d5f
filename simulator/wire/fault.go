package wire

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"path"
	"sync"
	"time"
)

// Fault is one scripted misbehaviour. The zero value of a field means "any" or
// "not". Without Status, CutAfter and Hang a fault has no effect.
//
// On side "delivery" a fault concerns webhook deliveries: Path is matched with
// the path of the endpoint's URL; before execution the attempt fails without
// reaching the endpoint, After lets it reach the endpoint and then ignores the
// answer, so that the provider sends again what was taken.
type Fault struct {
	Side        string  `json:"side,omitempty"`        // "stripe", "clerk", "delivery" or "" for stripe and clerk
	Method      string  `json:"method,omitempty"`      // "" is any
	Path        string  `json:"path,omitempty"`        // path.Match pattern; "" is any
	Nth         int     `json:"nth,omitempty"`         // only the nth matching call, counted from 1; 0 is all
	Times       int     `json:"times,omitempty"`       // strikes at most so often; 0 is without limit
	Probability float64 `json:"probability,omitempty"` // of striking when matched; 0 is always
	// execute first, then fail: the client cannot know the outcome
	After  bool        `json:"after,omitempty"`
	Status int         `json:"status,omitempty"` // answer with this status instead
	Header http.Header `json:"header,omitempty"` // with Status
	// with Status; any content type, "" is a JSON error of the provider's kind
	Body string `json:"body,omitempty"`
	// with Status and without Body: the error's code, e.g. lock_timeout
	Code string `json:"code,omitempty"`
	// close the connection after n bytes of the body; negative: before the status line
	CutAfter int           `json:"cut_after,omitempty"`
	Hang     time.Duration `json:"hang_ns,omitempty"` // wait so long, or until the client goes
	Name     string        `json:"name,omitempty"`    // appears in the history; "" is made up from the rest
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

// NewFaults returns an empty set whose probabilities follow from seed.
func NewFaults(seed uint64) *Faults { return &Faults{seed: seed} }

// Add activates a fault and returns its id. Earlier faults are asked first.
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
		// The nth call of a fault draws the nth number of that fault's own
		// stream: other traffic cannot change what it meets.
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
