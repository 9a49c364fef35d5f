package main

import (
	"net"
	"net/http"
	"os"

	"github.com/lockstep-dev/lockstep/internal/check/collector"
)

// collect is a program for the scripts: a receiver of traces at COLLECTOR_ADDR, by HTTP, and at GRPC_ADDR. GET / lists
// the spans.
func collect() {
	c := &collector.Collector{}
	listener, err := net.Listen("tcp", os.Getenv("GRPC_ADDR"))
	if err != nil {
		panic(err)
	}
	go func() { panic(c.GRPC().Serve(listener)) }()
	panic(http.ListenAndServe(os.Getenv("COLLECTOR_ADDR"), c))
}
