package main

import (
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

// plainEvery is the interval between lines of progress without a terminal.
const plainEvery = 10 * time.Second

// progress shows the progress of a backfill: a bar with rate and time left on a terminal, otherwise a line
// now and then.
type progress struct {
	out      *os.File
	terminal bool

	phase string
	bar   *progressbar.ProgressBar
	began time.Time // when this process first saw the phase
	from  int64     // how much was done then
	shown time.Time
}

func newProgress(out *os.File) *progress {
	return &progress{out: out, terminal: isatty.IsTerminal(out.Fd())}
}

// at shows the current state.
func (p *progress) at(now backfillProgress) {
	if now.Phase != p.phase {
		p.end()
		p.phase, p.began, p.from, p.shown = now.Phase, time.Now(), now.Done, time.Time{}
	}
	if p.terminal {
		p.draw(now)
		return
	}
	if time.Since(p.shown) < plainEvery {
		return
	}
	p.shown = time.Now()
	line := fmt.Sprintf("%s: %d", now.Phase, now.Done)
	if now.Total > 0 {
		line += fmt.Sprintf(" of about %d", now.Total)
	}
	if pace := p.pace(now); pace != "" {
		line += ", " + pace
	}
	fmt.Fprintln(p.out, line)
}

// pace is the rate since this process started to watch, and the time left at that rate; empty while
// unknown. The bar's own rate would include what was done before.
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
		total = -1 // the library shows a spinner for this
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
	_ = p.bar.Set64(now.Done) // the next update draws again
}

// end removes the bar.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Exit()
		_ = p.bar.Clear() // what was drawn last stays otherwise
		p.bar = nil
	}
}
