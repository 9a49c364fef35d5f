package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

// doctorCommand checks an installation. It uses the configuration of serve, and may run beside it.
type doctorCommand struct {
	serveCommand
	JSON bool `help:"Print the findings as one JSON object, as GET /v1/doctor answers."`
}

// Help is shown by doctor --help.
func (*doctorCommand) Help() string {
	return "Takes the flags, environment and configuration file of serve, and can run beside it. It changes nothing. Ends with status 1 if a check failed; warnings do not count. docs/doctor.md lists everything that it can find."
}

// doctorWithin bounds all checks together.
const doctorWithin = time.Minute

// Run prints what each check finds. It returns an error if any failed.
func (c *doctorCommand) Run(ctx context.Context, in *surroundings) error {
	ctx, cancel := context.WithTimeout(ctx, doctorWithin)
	defer cancel()
	show := func(lockstep.Finding) {}
	if !c.JSON {
		show = newFindings(in.stdout).show
	}
	var all []lockstep.Finding
	if err := c.check(ctx, in, func(f lockstep.Finding) {
		all = append(all, f)
		show(f)
	}); err != nil {
		return err
	}
	found := lockstep.NewDiagnosis(all)
	if c.JSON {
		encoder := json.NewEncoder(in.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false) // Stripe Dashboard > Developers
		if err := encoder.Encode(found); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(in.stdout, "\n%s, %s.\n", counted(found.Failures, "failure"), counted(found.Warnings, "warning"))
	}
	if found.Failures > 0 {
		return fmt.Errorf("doctor: %s; see the findings with the level fail", counted(found.Failures, "failure"))
	}
	return nil
}

// check runs all checks. A file that cannot be read is a finding, and the only one.
func (c *doctorCommand) check(ctx context.Context, in *surroundings, found func(lockstep.Finding)) (err error) {
	s, err := c.settings(in)
	if err != nil {
		server.Checkup{Unreadable: err}.Run(ctx, found)
		return nil
	}
	quiet := slog.New(slog.DiscardHandler) // the findings say it
	db := databaseURL{c.database(s.file), s.file.Connections, true}
	s.Config.Log = quiet
	if s.Config.Store, s.StoreError = openStore(ctx, db, quiet); s.StoreError != nil {
		s.Config.Store = nil
	} else {
		defer func() { err = errors.Join(err, s.Config.Store.Close()) }()
	}
	s.Run(ctx, found)
	return nil
}

// findings prints findings: a line each, and for a problem two more with the reason and the fix.
type findings struct {
	out     io.Writer
	colored bool
}

// newFindings returns what prints to out, in colors if that is a terminal and NO_COLOR is not set.
func newFindings(out io.Writer) findings {
	file, is := out.(*os.File)
	return findings{out, is && isatty.IsTerminal(file.Fd()) && os.Getenv("NO_COLOR") == ""}
}

// levelColors are the colors of a terminal: green, gray, yellow, red.
var levelColors = map[lockstep.FindingLevel]string{lockstep.FindingOK: "32", lockstep.FindingSkipped: "90",
	lockstep.FindingWarning: "33", lockstep.FindingFailure: "31"}

func (s findings) show(f lockstep.Finding) {
	level := fmt.Sprintf("%-4s", f.Level)
	if s.colored {
		level = "\x1b[" + levelColors[f.Level] + "m" + level + "\x1b[0m"
	}
	fmt.Fprintf(s.out, "%s  %-18s  %s\n", level, f.Check, printable(f.Detail))
	const indent = "                          "
	if f.Why != "" {
		fmt.Fprintf(s.out, "%swhy: %s\n", indent, printable(f.Why))
	}
	if f.Fix != "" {
		fmt.Fprintf(s.out, "%sfix: %s\n", indent, strings.ReplaceAll(printableLines(f.Fix), "\n", "\n"+indent))
	}
}

// counted returns "1 thing" or "2 things".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
