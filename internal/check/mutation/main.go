package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	seeds := flag.Int("seeds", 400, "how many `seeds` may fail to notice a mutation")
	only := flag.String("only", "", "run only the mutations whose description contains this `text`")
	write := flag.String("write", "", "write the table to this `file`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *seeds, *only, *write); err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1)
	}
}

// run tries each mutation. Its error names those that no seed noticed.
func run(ctx context.Context, seeds int, only, write string) error {
	dir, err := os.MkdirTemp("", "lockstep-mutation-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	var missed []error
	caught := 0
	table := &strings.Builder{}
	for _, m := range mutations {
		if !strings.Contains(m.what, only) {
			continue
		}
		by, err := m.try(ctx, dir, seeds)
		if err != nil {
			missed = append(missed, fmt.Errorf("%s: %w", m.what, err))
			fmt.Printf("MISSED  %s: %v\n", m.what, err)
			continue
		}
		caught++
		fmt.Printf("caught  %-70s %s\n", m.what, by)
		fmt.Fprintf(table, "| %s | `%s` | %s |\n", m.what, m.file, by)
	}
	fmt.Printf("%d caught, %d missed\n", caught, len(missed))
	if write != "" && len(missed) == 0 {
		if err := update(write, table.String()); err != nil {
			return err
		}
	}
	return errors.Join(missed...)
}

var (
	seedOf    = regexp.MustCompile(`-seed=(\d+)`)
	problemOf = regexp.MustCompile(`(?m)^\s+\w+_test\.go:\d+: (.*)$`)
)

// try runs the simulation test on the mutated code and returns which seed noticed.
func (m mutation) try(ctx context.Context, dir string, seeds int) (string, error) {
	overlay, err := m.overlay(dir)
	if err != nil {
		return "", err
	}
	test := exec.CommandContext(ctx, "go", "test", "-vet=off", "-overlay="+overlay, "-count=1", "-timeout=20m",
		"-run=TestWorld", "./internal/check/simtest", "-seeds="+fmt.Sprint(seeds))
	output, err := test.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "", fmt.Errorf("%d seeds passed", seeds)
	case !errors.As(err, &exit):
		return "", err
	}
	seed, problem := seedOf.FindSubmatch(output), problemOf.FindSubmatch(output)
	if seed == nil || problem == nil {
		return "", fmt.Errorf("the test did not run:\n%s", output)
	}
	return fmt.Sprintf("seed %s", seed[1]), nil
}

// overlay writes the mutated file and the -overlay file that puts it in place of the original, and returns the
// latter's name.
func (m mutation) overlay(dir string) (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := bytes.Count(source, []byte(m.before)); n != 1 {
		return "", fmt.Errorf("the fragment is in %s %d times, want once; update list.go", m.file, n)
	}
	mutated := filepath.Join(dir, "mutated.go")
	if err := os.WriteFile(mutated, bytes.Replace(source, []byte(m.before), []byte(m.after), 1), 0o600); err != nil {
		return "", err
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: mutated}})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, overlay, 0o600)
}

const tableMark = "<!-- the table: make mutation-table writes it -->\n"

// update replaces everything below the mark in a document by the table.
func update(file, table string) error {
	document, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, _, found := strings.Cut(string(document), tableMark)
	if !found {
		return fmt.Errorf("%s: the line %q is missing", file, strings.TrimSpace(tableMark))
	}
	text := head + tableMark + "| mutation | file | first noticed by |\n|---|---|---|\n" + table
	return os.WriteFile(file, []byte(text), 0o644)
}
