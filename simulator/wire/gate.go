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

// MarkHeader is a header of every answer of a simulated provider. Its value is the
// side. Real providers never send it.
const MarkHeader = "X-Lockstep-Simulator"

// clientGone is the status in the history when the client left during a hang. It
// is never sent.
const clientGone = 499

// Request is one request to a provider together with its body.
type Request struct {
	*http.Request
	Body []byte
	// After is the fault that replaces the answer after execution, or nil. A
	// provider that stores its answers calls Gate.Spoil first.
	After *Fault

	began    time.Time
	spoiled  bool
	answered []func()
}

// OnAnswered registers f to run after the answer is written or abandoned, and
// after any hang.
func (r *Request) OnAnswered(f func()) { r.answered = append(r.answered, f) }

// Response is a complete answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Gate records the traffic of one provider and applies faults to it.
type Gate struct {
	Side    string // "stripe" or "clerk"
	History *History
	Faults  *Faults
	// ErrorBody returns the body for a fault that has a status and no body. code is
	// the fault's, or "".
	ErrorBody func(status int, code string) []byte
}

// Serve answers r with handle, unless a fault strikes. It cuts a connection by
// panicking with http.ErrAbortHandler, as net/http requires.
func (g *Gate) Serve(w http.ResponseWriter, r *http.Request, handle func(*Request) *Response) {
	began := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err != nil {
		// The body cannot be read or is larger than 1 MiB.
		response := g.faulty(&Fault{Status: http.StatusRequestEntityTooLarge})
		g.record(&Request{Request: r, began: began}, response, nil)
		g.write(w, response, nil)
		return
	}
	request := &Request{Request: r, Body: body, began: began}
	defer func() {
		for _, f := range request.answered {
			f()
		}
	}()
	fault := g.Faults.Strike(Call{Side: g.Side, Method: r.Method, Path: r.URL.Path})
	response := g.exchange(request, fault, handle)
	g.record(request, response, fault)
	if fault != nil && fault.After {
		// The request is already executed and recorded. Only the client waits.
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

// Spoil applies the request's After fault to a response. It does so only once per
// request, so a provider can store the spoiled answer and return it unchanged.
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
	now := time.Now()
	entry := Entry{
		At:             now.UTC(),
		Took:           now.Sub(request.began),
		Side:           g.Side,
		Method:         request.Method,
		Path:           request.URL.RequestURI(),
		Status:         response.Status,
		RequestID:      response.Header.Get("Request-Id"),
		IdempotencyKey: request.Header.Get("Idempotency-Key"),
		Version:        cmp.Or(response.Header.Get("Stripe-Version"), request.Header.Get("Clerk-API-Version")),
		Request:        string(request.Body),
		Response:       string(response.Body),
		RequestHeader:  KeptHeader(request.Header),
		ResponseHeader: KeptHeader(response.Header),
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
	_, _ = w.Write(response.Body) // fails only if the client has gone
}

// wait waits for d and reports whether the client is still connected.
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

// String describes the fault for the history.
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
