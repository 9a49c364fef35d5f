package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver is a program for the scripts: an app that receives webhooks at RECEIVER_ADDR, signed with
// RECEIVER_SECRET. GET / lists what it received, with the ids. After POST /status?is=500 it answers 500.
func receiver() {
	webhook, err := standard.NewWebhook(os.Getenv("RECEIVER_SECRET"))
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	var taken []string
	var status atomic.Int64
	status.Store(http.StatusNoContent)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hook", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = webhook.Verify(body, r.Header)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		mu.Lock()
		taken = append(taken, r.Header.Get("webhook-id")+" "+string(body))
		mu.Unlock()
		w.WriteHeader(int(status.Load()))
	})
	mux.HandleFunc("POST /status", func(_ http.ResponseWriter, r *http.Request) {
		var is int64
		if _, err := fmt.Sscan(r.URL.Query().Get("is"), &is); err != nil {
			panic(err)
		}
		status.Store(is)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(w, "listening\n"+strings.Join(taken, "\n"))
	})
	panic(http.ListenAndServe(os.Getenv("RECEIVER_ADDR"), mux))
}
