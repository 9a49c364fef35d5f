package wire

import (
	"bytes"
	"io"
	"net/http"
)

// Wrap sends the answers of an ordinary handler through the gate.
func (g *Gate) Wrap(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.Serve(w, r, func(request *Request) *Response {
			request.Request.Body = io.NopCloser(bytes.NewReader(request.Body))
			kept := &keeper{response: Response{Status: http.StatusOK, Header: http.Header{}}}
			inner.ServeHTTP(kept, request.Request)
			return &kept.response
		})
	})
}

// keeper is a ResponseWriter that holds the answer in memory.
type keeper struct{ response Response }

func (k *keeper) Header() http.Header { return k.response.Header }

func (k *keeper) WriteHeader(status int) { k.response.Status = status }

func (k *keeper) Write(p []byte) (int, error) {
	k.response.Body = append(k.response.Body, p...)
	return len(p), nil
}
