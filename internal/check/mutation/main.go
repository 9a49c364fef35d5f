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
	seeds := flag.Int("seeds", 400, "how many seeds a break may survive")
	only := flag.String("only", "", "only the breaks whose description contains this")
	write := flag.String("write", "", "write the table to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *seeds, *only, *write); err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1)
	}
}

// run tries every break and reports those that nobody noticed.
func run(ctx context.Context, seeds int, only, write string) error {
	dir, err := os.MkdirTemp("", "lockstep-mutation-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	var missed []error
	caught := 0
	table := &strings.Builder{}
	for _, b := range breakages {
		if !strings.Contains(b.what, only) {
			continue
		}
		by, err := try(ctx, dir, b, seeds)
		if err != nil {
			missed = append(missed, fmt.Errorf("%s: %w", b.what, err))
			fmt.Printf("MISSED  %s: %v\n", b.what, err)
			continue
		}
		caught++
		fmt.Printf("caught  %-70s %s\n", b.what, by)
		fmt.Fprintf(table, "| %s | `%s` | %s |\n", b.what, b.file, by)
	}
	fmt.Printf("%d passed, %d failed\n", caught, len(missed))
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

// try runs the world with one break and returns what noticed it.
func try(ctx context.Context, dir string, b breakage, seeds int) (string, error) {
	source, err := os.ReadFile(b.file)
	if err != nil {
		return "", err
	}
	if bytes.Count(source, []byte(b.before)) != 1 {
		return "", fmt.Errorf("the piece to break is not exactly once in %s: mend the list", b.file)
	}
	broken := filepath.Join(dir, "broken.go")
	if err := os.WriteFile(broken, bytes.Replace(source, []byte(b.before), []byte(b.after), 1), 0o600); err != nil {
		return "", err
	}
	original, err := filepath.Abs(b.file)
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: broken}})
	if err != nil {
		return "", err
	}
	plan := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(plan, overlay, 0o600); err != nil {
		return "", err
	}
	test := exec.CommandContext(ctx, "go", "test", "-vet=off", "-overlay="+plan, "-count=1", "-timeout=20m",
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

const mark = "<!-- the table: make mutation-table writes it -->\n"

// update replaces what follows the mark in a document by the table.
func update(file, table string) error {
	document, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, _, found := strings.Cut(string(document), mark)
	if !found {
		return fmt.Errorf("%s has no line %q", file, strings.TrimSpace(mark))
	}
	text := head + mark + "| broken | where | first noticed by |\n|---|---|---|\n" + table
	return os.WriteFile(file, []byte(text), 0o644)
}
