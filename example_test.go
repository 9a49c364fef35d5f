package lockstep_test

import (
	"fmt"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// The catalog decides access from what Stripe says about an account's purchases. It is a pure function:
// the same purchases at the same time always give the same access.
func ExampleCatalog_Decide() {
	catalog := lockstep.Catalog{Plans: []lockstep.Plan{
		{Name: "pro", LookupKeys: []string{"pro_monthly"}, Rank: 1, Features: []string{"export"}},
		{Name: "lifetime", LookupKeys: []string{"lifetime"}, Rank: 2, Features: []string{"archive", "export"}},
	}}
	now := time.Date(2026, time.March, 15, 12, 0, 0, 0, time.UTC)
	subscription := lockstep.Subscription{ID: "sub_1", Status: "active", Items: []lockstep.Item{
		{LookupKey: "pro_monthly", Quantity: 1, PeriodEnd: now.AddDate(0, 0, 10)},
	}}

	access := catalog.Decide([]lockstep.Subscription{subscription}, nil, now)
	fmt.Println(access.Active, access.Plan, access.Features)

	subscription.Status = "canceled"
	access = catalog.Decide([]lockstep.Subscription{subscription}, nil, now)
	fmt.Println(access.Active, access.Reasons[0].Status)

	license := lockstep.License{ID: "cs_1", Status: lockstep.LicenseActive, CreatedAt: now, Items: []lockstep.Item{
		{LookupKey: "lifetime", Quantity: 1},
	}}
	access = catalog.Decide([]lockstep.Subscription{subscription}, []lockstep.License{license}, now)
	fmt.Println(access.Active, access.Plan, access.Features)
	// Output:
	// true pro [export]
	// false canceled
	// true lifetime [archive export]
}

// An account is a user or an organization of the identity directory. Its text form is the same in the API,
// the command line and the metadata.
func ExampleParseAccount() {
	account, err := lockstep.ParseAccount("organization/org_9y")
	fmt.Println(account.Kind, account.ID, err)
	fmt.Println(lockstep.Account{Kind: lockstep.User, ID: "user_2x"})
	// Output:
	// organization org_9y <nil>
	// user/user_2x
}

// A projection is the part of access that Lockstep writes into the directory's metadata, so that session
// tokens can carry it.
func ExampleProjectionKeys_Project() {
	catalog := lockstep.Catalog{Plans: []lockstep.Plan{{Name: "pro", LookupKeys: []string{"pro_monthly"}}}}
	record := lockstep.Record{Account: lockstep.Account{Kind: lockstep.User, ID: "user_2x"}, CustomerID: "cus_1",
		Subscriptions: []lockstep.Subscription{{ID: "sub_1", CustomerID: "cus_1", Status: "trialing",
			Items: []lockstep.Item{{LookupKey: "pro_monthly", Quantity: 1}}}}}
	access := catalog.Access(record, time.Now())
	projection := lockstep.DefaultProjectionKeys.Project(record, access)
	fmt.Println(projection["stripeCustomerId"], projection["subscriptionStatus"], projection["plan"])
	// Output:
	// cus_1 active pro
}
