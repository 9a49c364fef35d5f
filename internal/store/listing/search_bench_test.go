package listing_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

var accounts = flag.Int("accounts", 10_000, "how many accounts BenchmarkAccounts searches")

// searches are what a page of the console asks for, about the n-th account.
var searches = []struct {
	name   string
	filter func(n int) lockstep.AccountFilter
}{
	{"no filter", func(int) lockstep.AccountFilter { return lockstep.AccountFilter{} }},
	{"account", func(n int) lockstep.AccountFilter { return text("user/id_%08d", n) }},
	{"id prefix", func(n int) lockstep.AccountFilter { return text("id_%05d", n/1000) }},
	{"e-mail", func(n int) lockstep.AccountFilter { return text("BUYER%d@example%d.com", n, n%1000) }},
	{"e-mail prefix", func(n int) lockstep.AccountFilter { return text("buyer%d", n/100) }},
	{"one letter", func(int) lockstep.AccountFilter { return text("b") }},
	{"customer", func(n int) lockstep.AccountFilter { return text("cus_%d", n) }},
	{"subscription", func(n int) lockstep.AccountFilter { return text("sub_cus_%d", n) }},
	{"payment", func(n int) lockstep.AccountFilter { return text("pi_cus_%d", n/10*10+7) }},
	{"checkout", func(n int) lockstep.AccountFilter { return text("cs_cus_%d", n/10*10+7) }},
	{"concern", func(int) lockstep.AccountFilter {
		return lockstep.AccountFilter{Concern: lockstep.PayerWithoutAccess}
	}},
	{"problems", func(int) lockstep.AccountFilter { return lockstep.AccountFilter{Problems: true} }},
	{"status", func(int) lockstep.AccountFilter { return lockstep.AccountFilter{Status: "past_due"} }},
	{"plan and status", func(int) lockstep.AccountFilter { return lockstep.AccountFilter{Plan: "team", Status: "active"} }},
	{"finds nothing, without an index", func(int) lockstep.AccountFilter {
		return lockstep.AccountFilter{Status: "active", State: lockstep.AccountDeleted, Kind: lockstep.Organization}
	}},
}

func text(format string, args ...any) lockstep.AccountFilter {
	return lockstep.AccountFilter{Text: fmt.Sprintf(format, args...)}
}

// BenchmarkAccounts measures the searches and the overview. Run it with -accounts 1000000.
func BenchmarkAccounts(b *testing.B) {
	for database := range planted {
		b.Run(database, func(b *testing.B) {
			store := plantedWith(b, database, *accounts)
			for _, s := range searches {
				b.Run(s.name, func(b *testing.B) {
					percentiles(b, func(i int) error {
						_, err := store.FindAccounts(b.Context(), s.filter(i*7919%*accounts+1))
						return err
					})
				})
			}
			b.Run("overview", func(b *testing.B) {
				percentiles(b, func(int) error {
					_, err := store.Attention(b.Context(), []string{"invoice.paid"})
					return err
				})
			})
		})
	}
}

// percentiles reports how long half and 99 % of the calls took at most.
func percentiles(b *testing.B, call func(i int) error) {
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		if err := call(i); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
}
