package main

import (
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

// plainEvery is how often progress is a line, where there is no terminal to draw a bar on.
const plainEvery = 10 * time.Second

// progress shows how far a backfill is: a bar with rate and time left on a terminal, and a
// line now and then elsewhere.
type progress struct {
	out      *os.File
	terminal bool

	phase string
	bar   *progressbar.ProgressBar
	began time.Time // of the phase, as seen from here
	from  int64     // how much had been done then
	said  time.Time
}

func newProgress(out *os.File) *progress {
	return &progress{out: out, terminal: isatty.IsTerminal(out.Fd())}
}

// at shows a state.
func (p *progress) at(now backfillProgress) {
	if now.Phase != p.phase {
		p.end()
		p.phase, p.began, p.from, p.said = now.Phase, time.Now(), now.Done, time.Time{}
	}
	if p.terminal {
		p.draw(now)
		return
	}
	if time.Since(p.said) < plainEvery {
		return
	}
	p.said = time.Now()
	line := fmt.Sprintf("%s: %d", now.Phase, now.Done)
	if now.Total > 0 {
		line += fmt.Sprintf(" of about %d", now.Total)
	}
	if pace := p.pace(now); pace != "" {
		line += ", " + pace
	}
	fmt.Fprintln(p.out, line)
}

// pace is the rate since this process looks, and the time left at that rate; empty: not
// known yet. The bar's own would count what was done before.
func (p *progress) pace(now backfillProgress) string {
	seconds := time.Since(p.began).Seconds()
	if seconds < 1 || now.Done <= p.from {
		return ""
	}
	rate := float64(now.Done-p.from) / seconds
	text := fmt.Sprintf("%.0f/s", rate)
	if left := now.Total - now.Done; left > 0 {
		text += fmt.Sprintf(", %s left", (time.Duration(float64(left)/rate) * time.Second).Round(time.Second))
	}
	return text
}

func (p *progress) draw(now backfillProgress) {
	total := now.Total
	if total == 0 {
		total = -1 // the library then shows a spinner
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())
	}
	if total > 0 && p.bar.GetMax64() != total {
		p.bar.ChangeMax64(total)
	}
	p.bar.Describe(now.Phase + " " + p.pace(now))
	_ = p.bar.Set64(now.Done) // what cannot be drawn is drawn the next time
}

// end removes the bar.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Exit()
		p.bar = nil
		fmt.Fprintln(p.out)
	}
}
