package stripebilling_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-dev/lockstep"
)

func TestABackfillListsEverybodysObjects(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	var want []string
	for i := range 103 {
		account := lockstep.Account{Kind: lockstep.User, ID: fmt.Sprintf("user_%d", i)}
		want = append(want, create(t, client, account).ID)
	}
	slices.Reverse(want)
	first, next, err := client.CustomersPage(t.Context(), "")
	if err != nil || len(first) != 100 || next == "" {
		t.Fatalf("the first page: %d customers, %q, %v", len(first), next, err)
	}
	// The customer in the cursor is deleted. The list still continues after it.
	if err := sim.DeleteCustomer(first[99].ID); err != nil {
		t.Fatal(err)
	}
	second, end, err := client.CustomersPage(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range slices.Concat(first, second) {
		if seen[c.ID] = true; c.CreatedAt.IsZero() {
			t.Errorf("%s was created at no time", c.ID)
		}
	}
	for end != "" {
		if second, end, err = client.CustomersPage(t.Context(), end); err != nil {
			t.Fatal(err)
		}
		for _, c := range second {
			seen[c.ID] = true
		}
	}
	for _, id := range want {
		if !seen[id] {
			t.Errorf("%s was not listed", id)
		}
	}

	customer := want[0]
	bought(t, sim, client, "pro", lockstep.CheckoutRequest{Account: user, CustomerID: customer})
	bought(t, sim, client, "lifetime", lockstep.CheckoutRequest{Account: user, CustomerID: customer})
	subscriptions, next, err := client.SubscriptionsPage(t.Context(), "")
	if err != nil || len(subscriptions) != 1 || next != "" || subscriptions[0].CustomerID != customer ||
		len(subscriptions[0].Items) != 1 {
		t.Errorf("subscriptions: %+v, %q, %v", subscriptions, next, err)
	}
	sessions, next, err := client.CompletedCheckouts(t.Context(), "")
	if err != nil || len(sessions) != 2 || next != "" || sessions[0].CustomerID != customer ||
		sessions[0].Reference == "" {
		t.Errorf("sessions: %+v, %q, %v", sessions, next, err)
	}
	if _, _, err := client.CustomersPage(t.Context(), "cus_1,never"); err == nil {
		t.Error("a cursor of nobody's is taken")
	}
}

func TestSearchFindsCustomersByMetadata(t *testing.T) {
	t.Parallel()
	sim, client := simulated(t)
	mine, theirs := create(t, client, user), create(t, client, org)
	bought(t, sim, client, "pro", lockstep.CheckoutRequest{Account: user, CustomerID: theirs.ID})
	sim.Advance(2 * time.Hour) // Stripe's search lags
	ids, err := client.CustomersNaming(t.Context(), user)
	if err != nil || len(ids) != 2 || !slices.Contains(ids, mine.ID) || !slices.Contains(ids, theirs.ID) {
		t.Errorf("%v, %v; want %s and %s", ids, err, mine.ID, theirs.ID)
	}
	ids, err = client.CustomersNaming(t.Context(), lockstep.Account{Kind: lockstep.User, ID: "user_nobody"})
	if err != nil || len(ids) != 0 {
		t.Errorf("%v, %v", ids, err)
	}
	for _, e := range sim.History() {
		if strings.HasSuffix(e.Path, "/search") && e.Status != 200 {
			t.Errorf("%s: %d", e.Path, e.Status)
		}
	}
}
