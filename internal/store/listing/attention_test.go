package listing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/store/listing"
)

// overflow is one more than a count says.
const overflow = lockstep.MostCounted + 1

// crowd makes every account of a business one that needs a person, with as much failed and parked work.
func crowd() []string {
	series := fmt.Sprintf("with recursive n(n) as (select 1 union all select n + 1 from n where n < %d) ", overflow)
	work := "insert into work (key, scope, priority, generation, done_generation, run_at, disposition) " + series
	return []string{
		`update accounts set status = '', concern = 'payer_without_access', concern_why = 'plan_unlisted',
	concern_since = created_at, problems = '[{"step":"metadata"}]', deletion = 'held', deletion_at = created_at`,
		work + "select 'customer/cus_x' || n, 1, 0, 1, 1, 0, 'parked' from n",
		work + "select 'user/x' || n, 1, 0, 1, 1, 0, 'failed' from n",
	}
}

// TestCountsStop: each count of an overview stops, and says that there are more.
func TestCountsStop(t *testing.T) {
	t.Parallel()
	for database := range planted {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			store := plantedWith(t, database, overflow, crowd()...)
			all, err := store.Attention(t.Context(), []string{"invoice.paid"})
			if err != nil {
				t.Fatal(err)
			}
			payers := all.Concerns[lockstep.PayerWithoutAccess]
			for name, tally := range map[string]lockstep.Tally{"payers": payers.Tally, "unclassified": all.Unclassified,
				"problems": all.Problems, "held": all.Held, "failed": all.Failed, "parked": all.Parked} {
				if tally.Count != lockstep.MostCounted || !tally.More {
					t.Errorf("%s: %+v", name, tally)
				}
			}
			if len(payers.First) != 5 || payers.Oldest.UnixMilli() != 1 || payers.First[0].Account.ID != "id_00000001" ||
				all.Held.Oldest.UnixMilli() != 1 {
				t.Errorf("%+v, held since %s", payers, all.Held.Oldest)
			}
			if without := all.Concerns[lockstep.AccessWithoutPayment]; without.Count != 0 || without.More {
				t.Errorf("without payment: %+v", without)
			}
		})
	}
}

// TestASearchLooksAtABoundedNumber: a filter without an index takes several pages, and finds all.
func TestASearchLooksAtABoundedNumber(t *testing.T) {
	t.Parallel()
	const accounts = 3*listing.LookAccounts + 10
	for database := range planted {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			store := plantedWith(t, database, accounts, "update accounts set state = 'active'",
				"update accounts set state = 'deleted' where id in ('id_00000001', 'id_00006001')")
			for _, c := range []struct {
				filter lockstep.AccountFilter
				ids    string
				pages  int
			}{
				{lockstep.AccountFilter{State: lockstep.AccountDeleted}, "id_00000001 id_00006001", 4},
				{lockstep.AccountFilter{Text: "id_0000600", State: lockstep.AccountDeleted}, "id_00006001", 1},
				{lockstep.AccountFilter{Text: "buyer6001@", State: lockstep.AccountDeleted}, "", 1}, // blanked
				{lockstep.AccountFilter{Text: "BUYER6002@EXAMPLE2.COM"}, "id_00006002", 1},
				{lockstep.AccountFilter{Text: "old_cus_6001"}, "", 1},
				{lockstep.AccountFilter{Concern: lockstep.PayerWithoutAccess}, "id_00000007 id_00005007", 1},
			} {
				ids, pages := accountPages(t, store, c.filter)
				if got := strings.Join(ids, " "); got != c.ids || pages != c.pages {
					t.Errorf("%+v: %q in %d pages, want %q in %d", c.filter, got, pages, c.ids, c.pages)
				}
			}
			all, pages := accountPages(t, store, lockstep.AccountFilter{Limit: 200, Status: "active"})
			if slices.Sort(all); len(slices.Compact(all)) != len(all) || len(all) == 0 {
				t.Errorf("%d accounts in %d pages, some of them twice", len(all), pages)
			}
		})
	}
}

// accountPages returns the ids that a filter finds, and in how many pages.
func accountPages(t *testing.T, store lockstep.Store, f lockstep.AccountFilter) (ids []string, pages int) {
	t.Helper()
	for pages = 1; ; pages++ {
		page, err := store.FindAccounts(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Accounts {
			ids = append(ids, a.Account.ID)
		}
		if f.After = page.Next; f.After == "" {
			return ids, pages
		}
	}
}
