package simtest

import (
	"context"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// checkHistory: when nothing is pending, the newest run of an account that decided explains its access: what the
// record of the run says is what the API answers. No record names an address.
func (c *checker) checkHistory(account string) {
	answered, known := c.answers[account]
	if !known || answered.Pending {
		return
	}
	key, err := lockstep.ParseKey(account)
	if err != nil {
		c.wrong("%s: %v", account, err)
		return
	}
	page, err := c.service.store.Runs(context.Background(), lockstep.RunFilter{Key: key, Limit: lockstep.MostRuns})
	if err != nil {
		c.wrong("read the runs of %s: %v", account, err)
		return
	}
	for _, run := range page.Runs {
		if run.After == nil {
			continue
		}
		after, now := run.After, answered.Access
		leads := now.Plan == "" && len(after.Plans) == 0 || len(after.Plans) > 0 && after.Plans[0] == now.Plan
		if after.Active != now.Active || after.Status != now.Status || !leads || !sameTime(after.Until, now.Until) {
			c.wrong("the newest run of %s says %+v; the API answers %+v", account, *after, now)
		}
		break
	}
	c.checkRecords(account, page.Runs)
}

func (c *checker) checkRecords(account string, runs []lockstep.Run) {
	if len(runs) == 0 {
		c.wrong("%s has no record of a run", account)
	}
	for i, run := range runs {
		if strings.Contains(run.Reason, "@") {
			c.wrong("the record of a run of %s has an address: %q", account, run.Reason)
		}
		if i > 0 && run.Number != runs[i-1].Number-1 {
			c.wrong("of the runs of %s, record %d follows record %d", account, runs[i-1].Number, run.Number)
		}
	}
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
