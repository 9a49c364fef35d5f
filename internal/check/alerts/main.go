// Command alerts prints the expressions of the Grafana dashboard as recording rules, so that promtool can
// parse them: see the target alerts of the Makefile. Its tests compare the dashboard, the alert rules and
// docs/observability.md with the metrics that exist.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "alerts:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("arguments: there are %d; name the dashboard's file", len(args))
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	board, err := read(text)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	fmt.Println("groups:\n  - name: dashboard\n    rules:")
	for i, expr := range board.expressions() {
		fmt.Printf("      - record: dashboard:%d\n        expr: %q\n", i, expr)
	}
	return nil
}

// dashboard is the part of Grafana's format that we check.
type dashboard struct {
	Title  string  `json:"title"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Targets     []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

func read(text []byte) (d dashboard, err error) {
	err = json.Unmarshal(text, &d)
	return d, err
}

// expressions returns all expressions, with values in the place of Grafana's variables.
func (d dashboard) expressions() (found []string) {
	variables := strings.NewReplacer("$__rate_interval", "5m", "$job", ".*")
	for _, p := range d.Panels {
		for _, t := range p.Targets {
			found = append(found, variables.Replace(t.Expr))
		}
	}
	return found
}
