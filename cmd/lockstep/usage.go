package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// The exit statuses of all commands.
const (
	statusFailed = 1 // the command failed, or found what it looks for
	statusUsage  = 2 // the command line is wrong; nothing was done
)

// usageError is an error of the command line that a command notices itself.
type usageError struct{ error }

// Unwrap returns what is wrong.
func (e usageError) Unwrap() error { return e.error }

// wrongUsage returns a usageError.
func wrongUsage(text string, args ...any) error { return usageError{fmt.Errorf(text, args...)} }

// withHelp turns "lockstep", "lockstep help" and "lockstep help COMMAND" into --help, and --version into
// the command.
func withHelp(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case args[0] == "--version":
		return []string{"version"}
	}
	return args
}

// report prints an error and returns the exit status. After a usage error it shows two lines of help,
// because the full help would push the error off the screen.
func report(to io.Writer, parsed *kong.Context, err error) int {
	fmt.Fprintf(to, "lockstep: %s\n", printableLines(err.Error()))
	var parse *kong.ParseError
	var usage usageError
	var ended *endedError
	switch {
	case errors.As(err, &parse):
		parsed = parse.Context
	case errors.As(err, &ended):
		return ended.status
	case !errors.As(err, &usage):
		return statusFailed
	}
	node := parsed.Model.Node
	if selected := parsed.Selected(); selected != nil {
		node = selected
	}
	fmt.Fprintf(to, "Usage: %s %s\nRun \"%s --help\" for more information.\n", parsed.Model.Name,
		strings.TrimSpace(node.Summary()), node.FullPath())
	return statusUsage
}
