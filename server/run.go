package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/sync/sweep"
)

// Handler returns the handler of webhooks, the API and the activation page. It serves paths
// from the root of its host; mount it elsewhere with [http.StripPrefix].
func (s *Server) Handler() http.Handler { return s.web }

// Run does the background work until ctx ends: it syncs accounts, runs the sweeps and sends
// notices. It returns nil when ctx ends, and an error when it cannot continue.
func (s *Server) Run(ctx context.Context) error {
	defer s.caller.Close()
	defer s.leave(ctx)
	defer s.keepStatistics(ctx)()
	s.announce()
	s.warn(ctx)
	for err := s.startSweeps(ctx); err != nil && ctx.Err() == nil; err = s.startSweeps(ctx) {
		s.log.ErrorContext(ctx, "sweeps not started; retrying", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return s.runner.Run(ctx)
}

// keepStatistics writes statistics until the function that it returns is called, which writes the last ones. It does
// not end with ctx, because runs that end later count too.
func (s *Server) keepStatistics(ctx context.Context) (end func()) {
	if s.statistics == nil {
		return func() {}
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.statistics.Run(ctx)
	}()
	return func() {
		stop()
		<-ended
	}
}

// leave returns this replica's share of the rate limits to the others at once. If the database
// does not respond, the share expires a few seconds later.
func (s *Server) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.fleet.Close(ctx); err != nil {
		s.log.Warn("rate limit share not returned; it expires in a few seconds", "error", err)
	}
}

// startSweeps marks every sweep, so that each looks for what happened while no process ran. It
// leaves a pending full verify to its schedule, because that reads every account.
func (s *Server) startSweeps(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	at, err := s.firstStart(ctx)
	if err != nil {
		return err
	}
	for _, key := range sweep.StartKeys(at) {
		work, err := s.store.Work(ctx, key)
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return err
		}
		if work.Pending() && key == sweep.FullVerify {
			continue
		}
		if err := s.store.Mark(ctx, lockstep.Mark{Key: key, Priority: lockstep.Background}); err != nil {
			return err
		}
	}
	return s.store.Mark(ctx, s.polled.Marks()...)
}

// Serve answers requests on listener and does the background work, until ctx ends or one of the
// two fails. Then it stops accepting requests, lets those in flight finish within ten seconds,
// stops the work and returns.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	web := s.httpServer()
	group, ctx := errgroup.WithContext(ctx)
	// A request in flight may wait for the work that it caused, so the work ends last.
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group.Go(func() error { return s.Run(working) })
	group.Go(func() error {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		defer stop()
		<-ctx.Done()
		return shutDown(context.WithoutCancel(ctx), web)
	})
	return group.Wait()
}

func (s *Server) httpServer() *http.Server {
	web := &http.Server{
		Handler:           s.web,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // also bounds a slow body
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	web.RegisterOnShutdown(s.streams.Close)
	if s.console != nil {
		web.RegisterOnShutdown(s.console.Close)
	}
	return web
}

// shutDown lets requests in flight finish for ten seconds, then closes their connections: a
// webhook sender retries.
func shutDown(ctx context.Context, web *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := web.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return web.Close()
	}
	return err
}
