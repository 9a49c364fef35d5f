package ownership

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// directoryStub is a directory with identities, slugs and members.
type directoryStub struct {
	lockstep.Directory
	known   []lockstep.Identity
	members map[string]lockstep.Member // by organization id and address
	slugs   map[string]string          // organization ids by slug
	refuses error                      // the answer to every lookup of members and slugs; nil: it finds them
	asked   int                        // how often a slug was looked up
}

func (p *directoryStub) Identity(_ context.Context, account lockstep.Account) (lockstep.Identity, error) {
	for _, i := range p.known {
		if i.Account == account {
			return i, nil
		}
	}
	return lockstep.Identity{}, lockstep.ErrNotFound
}

func (p *directoryStub) MemberWithEmail(_ context.Context, organization lockstep.Account,
	email string) (lockstep.Member, error) {
	if p.refuses != nil {
		return lockstep.Member{}, p.refuses
	}
	if m, is := p.members[organization.ID+" "+strings.ToLower(email)]; is {
		return m, nil
	}
	return lockstep.Member{}, lockstep.ErrNotFound
}

func (p *directoryStub) OrganizationOfSlug(_ context.Context, slug string) (lockstep.Account, error) {
	p.asked++
	if p.refuses != nil {
		return lockstep.Account{}, p.refuses
	}
	if id, is := p.slugs[slug]; is {
		return lockstep.Account{Kind: lockstep.Organization, ID: id}, nil
	}
	return lockstep.Account{}, lockstep.ErrNotFound
}

func user(id string) lockstep.Account { return lockstep.Account{Kind: lockstep.User, ID: id} }

// An address that the directory has not verified proves nothing, and neither does a missing one.
func TestWhichAddressVouchesForAReference(t *testing.T) {
	t.Parallel()
	org := func(id string) lockstep.Account { return lockstep.Account{Kind: lockstep.Organization, ID: id} }
	directory := &directoryStub{
		known: []lockstep.Identity{
			{Account: alice, Email: "a@example.com", EmailVerified: true,
				VerifiedEmails: []string{"a@example.com", "Alice@Home.example"}},
			{Account: user("user_unverified"), Email: "u@example.com"},
			{Account: user("user_phone")},
			{Account: org("org_1")},
			{Account: org("org_api"), Email: "billing@example.com"}, // a server gave it this address
		},
		members: map[string]lockstep.Member{
			"org_1 a@example.com":    {User: alice, Admin: true},
			"org_1 bob@example.com":  {User: user("user_bob"), Admin: true},
			"org_1 eve@example.com":  {User: user("user_eve")},
			"org_api x@example.com":  {User: alice},
			"org_2 left@example.com": {User: user("user_left"), Admin: true},
		},
	}
	owners := &Resolver{Directory: directory, Organizations: directory}
	for _, c := range []struct {
		account, email string
		trust          lockstep.Trust
	}{
		{"user/user_alice", "A@Example.com", lockstep.Proven},
		{"user/user_alice", "alice@home.example", lockstep.Proven},
		{"user/user_alice", "eve@example.com", lockstep.Claimed},
		{"user/user_alice", "", lockstep.Claimed},
		{"user/user_unverified", "u@example.com", lockstep.Claimed},
		{"user/user_phone", "", lockstep.Claimed},
		{"organization/org_1", "a@example.com", lockstep.Proven},
		{"organization/org_1", "bob@example.com", lockstep.Proven},
		{"organization/org_1", "eve@example.com", lockstep.Claimed},
		{"organization/org_1", "left@example.com", lockstep.Claimed},
		{"organization/org_1", "", lockstep.Claimed},
		{"organization/org_api", "billing@example.com", lockstep.Proven},
		{"organization/org_api", "x@example.com", lockstep.Claimed},
	} {
		account, err := lockstep.ParseAccount(c.account)
		if err != nil {
			t.Fatal(err)
		}
		identity, err := directory.Identity(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		trust, err := owners.Vouch(t.Context(), identity, lockstep.Customer{Email: c.email})
		if err != nil || trust != c.trust {
			t.Errorf("%s by %q: %s %v, want %s", c.account, c.email, trust, err, c.trust)
		}
	}
}

// Text that cannot be a slug is not looked up. Answers are remembered, also negative ones.
func TestAReferenceMayBeASlug(t *testing.T) {
	t.Parallel()
	directory := &directoryStub{slugs: map[string]string{"nike": "org_nike"}}
	owners := &Resolver{Organizations: directory}
	for _, c := range []struct {
		reference, want string
		asked           int
	}{
		{"nike", "organization/org_nike", 1},
		{"nike", "organization/org_nike", 1},
		{"adidas", "", 2},
		{"adidas", "", 2},
		{"cart_17", "", 2},
		{"Nike", "", 2},
		{"../nike", "", 2},
		{"", "", 2},
		{strings.Repeat("a", 300), "", 2},
		{"user_1", "user/user_1", 2},
		{"org_1", "organization/org_1", 2},
	} {
		var e Evidence
		err := owners.Refer(t.Context(), &e, c.reference)
		got := ""
		for _, a := range e.Reference {
			got += a.String()
		}
		if err != nil || got != c.want || directory.asked != c.asked {
			t.Errorf("%q: got %q after %d lookups, %v; want %q after %d", c.reference, got, directory.asked, err, c.want,
				c.asked)
		}
	}
	if err := (&Resolver{}).Refer(t.Context(), &Evidence{}, "nike"); err != nil {
		t.Errorf("a directory without slugs: %v", err)
	}
}

// Anyone can type an address or a reference at checkout that Clerk refuses. That must not fail a
// run; an outage must.
func TestARefusedAddressOrReferenceNamesNobody(t *testing.T) {
	t.Parallel()
	org := lockstep.Account{Kind: lockstep.Organization, ID: "org_1"}
	for _, c := range []struct {
		refuses error
		fails   bool
	}{
		{&lockstep.UpstreamError{Provider: "clerk", Status: 422, Code: "form_param_format_invalid"}, false},
		{&lockstep.UpstreamError{Provider: "clerk", Status: 400}, false},
		{&lockstep.UpstreamError{Provider: "clerk", Status: 404, Code: "resource_not_found"}, false},
		{&lockstep.UpstreamError{Provider: "clerk", Status: 503}, true},
		{&lockstep.UpstreamError{Provider: "clerk", Status: 401}, true},
	} {
		directory := &directoryStub{refuses: c.refuses}
		owners := &Resolver{Directory: directory, Organizations: directory,
			Billing: stripeStub{customer: lockstep.Customer{ID: "cus_1", Email: "ada@gmile"}}}
		trust, err := owners.Vouch(t.Context(), lockstep.Identity{Account: org}, lockstep.Customer{Email: "ada@gmile"})
		if (err != nil) != c.fails || err == nil && trust != lockstep.Claimed {
			t.Errorf("%v: vouch says %q, %v", c.refuses, trust, err)
		}
		if payer, err := owners.Payer(t.Context(), org, "cus_1"); (err != nil) != c.fails || payer != "" {
			t.Errorf("%v: payer says %q, %v", c.refuses, payer, err)
		}
		var e Evidence
		if err := owners.Refer(t.Context(), &e, "nike"); (err != nil) != c.fails || len(e.Reference) > 0 {
			t.Errorf("%v: refer says %v, %v", c.refuses, e.Reference, err)
		}
	}
}

// stripeStub is a Stripe with one customer.
type stripeStub struct {
	lockstep.Billing
	customer lockstep.Customer
}

func (t stripeStub) Customer(context.Context, string) (lockstep.Customer, error) {
	return t.customer, nil
}

// An organization gives its slug up, and another one takes it. A payment under the slug a moment
// later belongs to the other one.
func TestASlugThatChangesHands(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		directory := &directoryStub{slugs: map[string]string{"nike": "org_old"}}
		owners := &Resolver{Organizations: directory}
		named := func(slug string) (id string) {
			t.Helper()
			var e Evidence
			if err := owners.Refer(t.Context(), &e, slug); err != nil {
				t.Fatal(err)
			}
			for _, a := range e.Reference {
				id += a.ID
			}
			return id
		}
		if got := named("nike"); got != "org_old" {
			t.Errorf("before the change: %q", got)
		}
		directory.slugs = map[string]string{"nike": "org_new", "nike-old": "org_old"}
		time.Sleep(30 * time.Second)
		for slug, want := range map[string]string{"nike": "org_new", "nike-old": "org_old"} {
			if got := named(slug); got != want {
				t.Errorf("%s: %q, want %s", slug, got, want)
			}
		}
	})
}

var alice = user("user_alice")
