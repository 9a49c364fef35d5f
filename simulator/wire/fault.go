package wire

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is one scripted fault. The zero value of a field means "any" or "off". A
// fault without Status, CutAfter, Hang and Lose has no effect.
//
// On side "delivery", a fault applies to webhook deliveries, and Path matches the
// path of the endpoint's URL. The attempt then fails without reaching the
// endpoint. With After, the attempt reaches the endpoint and the answer is lost,
// so the provider sends again what the endpoint has already accepted. With Lose,
// the provider does not send again.
type Fault struct {
	Side   string `json:"side,omitempty"`   // "stripe", "clerk", "delivery"; "" is stripe and clerk
	Method string `json:"method,omitempty"` // "" is any
	// Path is a path.Match pattern, or a prefix if it ends in /**; "" is any.
	Path        string  `json:"path,omitempty"`
	Provider    string  `json:"provider,omitempty"`    // of a delivery: "stripe", "clerk"; "" is any
	Event       string  `json:"event,omitempty"`       // of a delivery: a path.Match pattern of its type; "" is any
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
	Lose     bool          `json:"lose,omitempty"`    // side "delivery": no attempt arrives, and none follows
	// Until is when the fault ends, by this machine's clock. The zero time is never.
	Until  time.Time `json:"until,omitzero"`
	Name   string    `json:"name,omitempty"`   // appears in the history; "" describes the other fields
	ID     int       `json:"id,omitempty"`     // set by Add
	Struck int       `json:"struck,omitempty"` // set by Active: how often it has struck
}

// Call is what a fault may strike: a request to a provider, or an attempt to
// deliver a webhook.
type Call struct {
	Side, Method, Path string
	Provider, Event    string // of a delivery
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
	now := time.Now()
	f.active = slices.DeleteFunc(f.active, func(s *script) bool { return !s.live(now) })
	f.active = append(f.active, &script{fault: fault})
	return fault.ID
}

// Clear removes every fault.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = nil
}

// Remove ends one fault. It reports whether that fault was active.
func (f *Faults) Remove(id int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, now := len(f.active), time.Now()
	f.active = slices.DeleteFunc(f.active, func(s *script) bool { return s.fault.ID == id && s.live(now) })
	return len(f.active) < before
}

// Active lists the faults that could still strike, oldest first.
func (f *Faults) Active() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var faults []Fault
	now := time.Now()
	for _, s := range f.active {
		if s.live(now) {
			shown := s.fault
			shown.Struck = s.struck
			faults = append(faults, shown)
		}
	}
	return faults
}

// Strike counts a call and returns the fault that strikes it, or nil.
func (f *Faults) Strike(call Call) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	for _, s := range f.active {
		if s.ended(now) || !s.fault.matches(call) {
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

// live reports whether the fault could still strike.
func (s *script) live(now time.Time) bool {
	return !s.ended(now) && (s.fault.Times == 0 || s.struck < s.fault.Times)
}

func (s *script) ended(now time.Time) bool {
	return !s.fault.Until.IsZero() && !now.Before(s.fault.Until)
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

func (f *Fault) matches(call Call) bool {
	if f.Side == "" && call.Side == "delivery" {
		return false
	}
	if f.Side != "" && f.Side != call.Side || f.Method != "" && f.Method != call.Method ||
		f.Provider != "" && f.Provider != call.Provider {
		return false
	}
	return fits(f.Path, call.Path) && fits(f.Event, call.Event)
}

// fits reports whether a text matches a pattern of a fault.
func fits(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	if folder, below := strings.CutSuffix(pattern, "/**"); below {
		return strings.HasPrefix(text, folder+"/")
	}
	matched, err := path.Match(pattern, text)
	return err == nil && matched
}
