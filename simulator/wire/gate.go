package wire

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

const maxRequestBody = 1 << 20

// MarkHeader is on every answer of a simulated provider and on none of a real
// one; its value is the side.
const MarkHeader = "X-Lockstep-Simulator"

// clientGone is what the history says when the client left during a hang. It
// is never sent.
const clientGone = 499

// Request is one request to a provider, its body read.
type Request struct {
	*http.Request
	Body []byte
	// After is the fault that replaces the answer once the request was
	// executed, or nil. A provider that stores its answers calls Spoil first.
	After *Fault

	spoiled  bool
	answered []func()
}

// OnAnswered has f called once the answer is written or given up, so after any
// hang.
func (r *Request) OnAnswered(f func()) { r.answered = append(r.answered, f) }

// Response is a whole answer. A provider never writes half of one.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Gate records and disturbs the traffic of one provider.
type Gate struct {
	Side    string // "stripe" or "clerk"
	History *History
	Faults  *Faults
	// ErrorBody makes the body of a fault that gives a status and no body; code is
	// the fault's, or "".
	ErrorBody func(status int, code string) []byte
}

// Serve lets handle answer r, unless a fault is in the way.
// A cut connection is made with panic(http.ErrAbortHandler), as net/http wants it.
func (g *Gate) Serve(w http.ResponseWriter, r *http.Request, handle func(*Request) *Response) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err != nil {
		// The body cannot be read or is larger than 1 MiB.
		response := g.faulty(&Fault{Status: http.StatusRequestEntityTooLarge})
		g.record(&Request{Request: r}, response, nil)
		g.write(w, response, nil)
		return
	}
	request := &Request{Request: r, Body: body}
	defer func() {
		for _, f := range request.answered {
			f()
		}
	}()
	fault := g.Faults.Strike(g.Side, r.Method, r.URL.Path)
	response := g.exchange(request, fault, handle)
	g.record(request, response, fault)
	if fault != nil && fault.After {
		// Recorded first: what the world did is known, only the client is kept waiting.
		if !wait(r.Context(), fault.Hang) {
			panic(http.ErrAbortHandler)
		}
	}
	g.write(w, response, fault)
}

func (g *Gate) exchange(request *Request, fault *Fault, handle func(*Request) *Response) *Response {
	if fault == nil {
		return handle(request)
	}
	if fault.After {
		request.After = fault
		return g.Spoil(request, handle(request))
	}
	if !wait(request.Context(), fault.Hang) {
		return &Response{Status: clientGone}
	}
	if fault.Status != 0 {
		return g.faulty(fault)
	}
	if fault.CutAfter < 0 {
		return &Response{}
	}
	return handle(request)
}

// Spoil replaces a response by what the request's After fault makes of it. It
// does so once: a provider that stores the spoiled answer passes it on as it is.
func (g *Gate) Spoil(request *Request, response *Response) *Response {
	if request.After == nil || request.After.Status == 0 || request.spoiled {
		return response
	}
	request.spoiled = true
	return g.faulty(request.After)
}

func (g *Gate) faulty(fault *Fault) *Response {
	response := &Response{Status: fault.Status, Header: http.Header{}, Body: []byte(fault.Body)}
	response.Header.Set("Content-Type", "application/json")
	if fault.Body == "" && g.ErrorBody != nil {
		response.Body = g.ErrorBody(fault.Status, fault.Code)
	} else if len(fault.Body) > 0 && fault.Body[0] == '<' {
		response.Header.Set("Content-Type", "text/html; charset=utf-8")
	}
	maps.Copy(response.Header, fault.Header)
	return response
}

func (g *Gate) record(request *Request, response *Response, fault *Fault) {
	entry := Entry{
		At:             time.Now().UTC(),
		Side:           g.Side,
		Method:         request.Method,
		Path:           request.URL.RequestURI(),
		Status:         response.Status,
		RequestID:      response.Header.Get("Request-Id"),
		IdempotencyKey: request.Header.Get("Idempotency-Key"),
		Version:        cmp.Or(response.Header.Get("Stripe-Version"), request.Header.Get("Clerk-API-Version")),
		Request:        string(request.Body),
		Response:       string(response.Body),
	}
	if fault != nil {
		entry.Fault = fault.String()
	}
	g.History.Add(entry)
}

func (g *Gate) write(w http.ResponseWriter, response *Response, fault *Fault) {
	cut := 0
	if fault != nil {
		cut = fault.CutAfter
	}
	if cut < 0 || response.Status == clientGone {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), response.Header)
	w.Header().Set(MarkHeader, g.Side)
	w.Header().Set("Content-Length", strconv.Itoa(len(response.Body)))
	w.WriteHeader(response.Status)
	if cut > 0 && cut < len(response.Body) {
		_, _ = w.Write(response.Body[:cut])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(response.Body) // the client may have gone; there is nobody to tell
}

// wait waits for d and reports whether the client is still there.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// String says what the fault does, for the history.
func (f Fault) String() string {
	if f.Name != "" {
		return f.Name
	}
	when := "before"
	if f.After {
		when = "after"
	}
	return fmt.Sprintf("%s status=%d cut=%d hang=%s method=%s path=%s",
		when, f.Status, f.CutAfter, f.Hang, cmp.Or(f.Method, "*"), cmp.Or(f.Path, "*"))
}
