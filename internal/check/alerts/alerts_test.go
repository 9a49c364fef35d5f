package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../../../"

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(root + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	metric   = regexp.MustCompile(`lockstep_[a-z_]+`)
	selector = regexp.MustCompile(`(lockstep_[a-z_]+)\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`([a-z]+)(=~|!=|=)"([^"]*)"`)
)

// existing returns the series of the golden list by the name of their metric.
func existing(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for series := range strings.Lines(file(t, "server/testdata/series.golden")) {
		name, _, _ := strings.Cut(strings.TrimSpace(series), "{")
		found[name] = append(found[name], series)
		if whole, is := strings.CutSuffix(name, "_count"); is { // a runbook may name the histogram
			found[whole] = append(found[whole], series)
		}
	}
	return found
}

// TestTheRulesNameMetricsThatExist: an alert or a graph on a name or a label that does not exist would never
// show anything.
func TestTheRulesNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	series := existing(t)
	board, err := read([]byte(file(t, "deploy/grafana/lockstep.json")))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"alerts.yaml": file(t, "deploy/prometheus/alerts.yaml"),
		"alerts_test.yaml": file(t, "deploy/prometheus/alerts_test.yaml"),
		"lockstep.json":    strings.Join(board.expressions(), "\n")} {
		if !strings.Contains(text, "lockstep_") {
			t.Errorf("%s names no metric", name)
		}
		for _, used := range metric.FindAllString(text, -1) {
			if len(series[used]) == 0 {
				t.Errorf("%s uses %s, which does not exist", name, used)
			}
		}
		for _, s := range selector.FindAllStringSubmatch(text, -1) {
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				checkLabel(t, name+": "+s[0], series[s[1]], m)
			}
		}
	}
}

// checkLabel checks that a series has each value that a matcher names. Prometheus adds job and instance, and le
// of a histogram is a number.
func checkLabel(t *testing.T, where string, series []string, m []string) {
	t.Helper()
	if m[1] == "job" || m[1] == "le" {
		return
	}
	for value := range strings.SplitSeq(m[3], "|") {
		label := fmt.Sprintf("%s=%q", m[1], value)
		if !slices.ContainsFunc(series, func(s string) bool { return strings.Contains(s, label) }) {
			t.Errorf("%s: no series has %s", where, label)
		}
	}
}

// TestEachAlertSaysWhatToDo: each has a severity, a summary and a runbook, and a situation in which it fires.
func TestEachAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	tests := file(t, "deploy/prometheus/alerts_test.yaml")
	alerts := strings.Split(file(t, "deploy/prometheus/alerts.yaml"), "- alert: ")[1:]
	if len(alerts) < 15 {
		t.Errorf("only %d alerts were found", len(alerts))
	}
	for _, alert := range alerts {
		name, _, _ := strings.Cut(alert, "\n")
		if !regexp.MustCompile(`severity: (critical|warning)\n`).MatchString(alert) {
			t.Errorf("%s has no severity", name)
		}
		for _, part := range []string{"expr: >-\n", "summary: >-\n", "runbook: >-\n"} {
			if !strings.Contains(alert, part) {
				t.Errorf("%s has no %s", name, strings.TrimSuffix(part, ": >-\n"))
			}
		}
		if !strings.Contains(tests, `{alertname="`+name+`"}`) {
			t.Errorf("%s fires in no situation of alerts_test.yaml", name)
		}
	}
}

// TestTheDashboardIsWhole: each panel has an id of its own, a title, and a graph of something.
func TestTheDashboardIsWhole(t *testing.T) {
	t.Parallel()
	board, err := read([]byte(file(t, "deploy/grafana/lockstep.json")))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d %q: the id is taken or the title is missing", p.ID, p.Title)
		}
		ids[p.ID] = true
		if p.Type != "row" && (len(p.Targets) == 0 || p.Description == "") {
			t.Errorf("panel %q shows nothing or does not say what", p.Title)
		}
	}
	if len(board.expressions()) < 20 {
		t.Errorf("only %d expressions", len(board.expressions()))
	}
}

// TestEachMetricIsDocumented: the table of docs/observability.md has each metric with its labels, and no other.
func TestEachMetricIsDocumented(t *testing.T) {
	t.Parallel()
	label := regexp.MustCompile(`([a-z]+)="`)
	want := map[string]string{}
	for name, series := range existing(t) {
		for _, part := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, part)
		}
		var labels []string
		for _, l := range label.FindAllStringSubmatch(series[0], -1) {
			if l[1] != "le" {
				labels = append(labels, l[1])
			}
		}
		want[name] = strings.Join(labels, ", ")
	}
	have := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `(lockstep_[a-z_]+)` \\| ([a-z, ]*) ?\\|")
	for _, r := range row.FindAllStringSubmatch(file(t, "docs/observability.md"), -1) {
		have[r[1]] = strings.TrimSpace(r[2])
	}
	delete(have, "lockstep_build_info") // differs from build to build, so it is not in the golden list
	for name, labels := range want {
		if got, is := have[name]; !is || got != labels {
			t.Errorf("docs/observability.md: %s has the labels %q (listed: %v), want %q", name, got, is, labels)
		}
	}
	for name := range have {
		if _, is := want[name]; !is {
			t.Errorf("docs/observability.md: %s does not exist", name)
		}
	}
}
