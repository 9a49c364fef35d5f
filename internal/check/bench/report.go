package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Report is what -json writes.
type Report struct {
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	Machine  Machine   `json:"machine"`
	Settings settings  `json:"settings"`
	Results  []Result  `json:"results"`
}

// Machine describes the machine and the versions.
type Machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	System     string `json:"system"`
	Go         string `json:"go"`
	Commit     string `json:"commit"` // of the checkout, with a + if it has changes
	PostgreSQL string `json:"postgresql,omitempty"`
}

// Result is the outcome of one target in one case of a scenario.
type Result struct {
	Scenario string    `json:"scenario"`
	Case     string    `json:"case"`   // "c=64"
	Target   string    `json:"target"` // "lockstep sqlite"
	Rounds   []Figures `json:"rounds"`
	Median   Figures   `json:"median"` // of each figure
	// Ratio is the rate divided by another target's, by its name: the median over the rounds.
	Ratio map[string]float64 `json:"ratio,omitempty"`
	// CPURatio is the same of the processor time per event.
	CPURatio map[string]float64 `json:"cpu_ratio,omitempty"`
	Notes    []string           `json:"notes,omitempty"`
}

// Figures are the results of one measurement.
type Figures struct {
	Rate    float64            `json:"per_second"`
	P50     float64            `json:"p50_ms"`
	P99     float64            `json:"p99_ms"`
	P999    float64            `json:"p99_9_ms"`
	Max     float64            `json:"max_ms"`
	Memory  float64            `json:"memory_mb"`      // the server's largest resident set
	CPU     float64            `json:"cpu_us"`         // processor time of the server per event, in microseconds
	Sending float64            `json:"sending_cpu_us"` // the same of the sender, which shares the machine
	Answers map[string]int     `json:"answers"`        // by status, after the warm-up
	More    map[string]float64 `json:"more,omitempty"` // figures of this scenario only
}

func newReport(s settings) *Report {
	return &Report{Began: time.Now().UTC(), Settings: s, Machine: Machine{CPU: processor(), Cores: runtime.NumCPU(),
		System: output("uname", "-sr"), Go: runtime.Version(), Commit: commit()}}
}

// processor returns the name of the first processor.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close() //nolint:errcheck // only read
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func commit() string {
	hash := output("git", "rev-parse", "--short", "HEAD")
	if hash != "" && output("git", "status", "--porcelain", "-uno") != "" {
		hash += "+"
	}
	return hash
}

// output returns what a program prints; empty if it fails.
func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output() //nolint:noctx // returns at once
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// add computes the medians of a result, prints it and keeps it.
func (r *Report) add(result Result) {
	result.Median = medians(result.Rounds)
	r.Results = append(r.Results, result)
	m := result.Median
	line := fmt.Sprintf("  %-22s %-29s %8.0f/s  p50 %7.2f  p99 %7.2f  p99.9 %7.2f ms  %5.0f MB  %4.0f+%.0f µs cpu",
		result.Case, result.Target, m.Rate, m.P50, m.P99, m.P999, m.Memory, m.CPU, m.Sending)
	for _, base := range sortedKeys(result.Ratio) {
		line += fmt.Sprintf("  %.2f of %s", result.Ratio[base], base)
		if cpu, compared := result.CPURatio[base]; compared {
			line += fmt.Sprintf(" (%.3f of its cpu)", cpu)
		}
	}
	for _, name := range sortedKeys(m.More) {
		line += fmt.Sprintf("  %s %.4g", name, m.More[name])
	}
	fmt.Println(line)
	for _, note := range result.Notes {
		fmt.Println("    " + note)
	}
}

// medians returns the median of each figure.
func medians(rounds []Figures) (m Figures) {
	of := func(figure func(Figures) float64) float64 {
		var all []float64
		for _, r := range rounds {
			all = append(all, figure(r))
		}
		return median(all)
	}
	m = Figures{Rate: of(func(f Figures) float64 { return f.Rate }), P50: of(func(f Figures) float64 { return f.P50 }),
		P99: of(func(f Figures) float64 { return f.P99 }), P999: of(func(f Figures) float64 { return f.P999 }),
		Max: of(func(f Figures) float64 { return f.Max }), Memory: of(func(f Figures) float64 { return f.Memory }),
		CPU: of(func(f Figures) float64 { return f.CPU }), Sending: of(func(f Figures) float64 { return f.Sending }),
		Answers: map[string]int{}}
	for _, r := range rounds {
		for status, n := range r.Answers {
			m.Answers[status] += n
		}
		for name := range r.More {
			if m.More == nil {
				m.More = map[string]float64{}
			}
			m.More[name] = of(func(f Figures) float64 { return f.More[name] })
		}
	}
	return m
}

// compare sets the ratios to another target, which was measured in the same rounds.
func (r *Result) compare(name string, base []Figures) {
	r.Ratio = map[string]float64{name: ratios(r.Rounds, base, rate)}
	r.CPURatio = map[string]float64{name: ratios(r.Rounds, base, func(f Figures) float64 { return f.CPU })}
}

func rate(f Figures) float64 { return f.Rate }

// ratios returns the median of a target's figure divided by another's in the same round.
func ratios(rounds, base []Figures, figure func(Figures) float64) float64 {
	var all []float64
	for i := range min(len(rounds), len(base)) {
		if of := figure(base[i]); of != 0 { // 0: the system does not report it
			all = append(all, figure(rounds[i])/of)
		}
	}
	return median(all)
}

// median returns 0 for no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func sortedKeys(m map[string]float64) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
