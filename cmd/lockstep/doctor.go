package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep/server"
)

// doctorCommand says what is wrong with an installation. It is configured as serve is,
// and runs beside it; as serve does, it brings the database's schema up to date when it
// opens it.
type doctorCommand struct{ serveCommand }

// Run prints a line for each thing that it looked at. Something that failed is an error.
func (c *doctorCommand) Run(ctx context.Context, in *surroundings) (err error) {
	config, _, err := c.config(ctx, in)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, config.Store.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	failed := 0
	for _, f := range server.Diagnose(ctx, config) {
		fmt.Fprintf(in.stdout, "%-4s  %-13s  %s\n", f.Level, f.What, f.Detail)
		if f.Level == server.Failure {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("doctor: checks failed: %d; each line that begins with fail says what to do", failed)
	}
	return nil
}
