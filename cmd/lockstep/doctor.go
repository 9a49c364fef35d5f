package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep/server"
)

// doctorCommand checks an installation. It uses the configuration of serve, and may run beside it. Like
// serve, it migrates the database's schema when it opens it.
type doctorCommand struct{ serveCommand }

// Help is shown by doctor --help.
func (*doctorCommand) Help() string {
	return "Takes the flags, environment and configuration file of serve, and can run beside it. Each line that starts with fail or warn says what to do."
}

// Run prints a line for each check. It returns an error if any failed.
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
		return fmt.Errorf("doctor: checks failed: %d; each line that starts with fail says what to do", failed)
	}
	return nil
}
