package console

import "time"

var accountsPages = []page{{path: "/accounts", name: "Accounts", title: "Accounts", file: "accounts.html", live: true,
	read: readAccounts}}

// accountsData is the content of the page.
type accountsData struct {
	Data     []foundAccount
	Next     string
	Filtered bool // by anything
}

// foundAccount is an account in a list.
type foundAccount struct {
	Account, Email, Name, State string
	Status, Plan                string
	Concern                     string
	ConcernWhy                  string     `json:"concern_why"`
	ConcernSince                *time.Time `json:"concern_since"`
	Problems                    bool
	Customer                    string
	Matched                     string
}

// Href is the account's page.
func (a foundAccount) Href() string { return accountPath(a.Account) }

// Who is what people call the account.
func (a foundAccount) Who() string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Email != "":
		return a.Email
	}
	return a.Account
}

// MatchedBy says what of the account matched a text; empty if it is in the row anyway.
func (a foundAccount) MatchedBy() string {
	return map[string]string{"further_customer": "by another of its customers", "subscription": "by a subscription",
		"payment": "by a payment", "checkout": "by a checkout"}[a.Matched]
}

// Concerns says in words how payment and access disagree; empty if they agree.
func (a foundAccount) Concerns() string { return concerns[a.ConcernWhy] }

// concerns are the sentences of a concern, by its reason.
var concerns = map[string]string{
	"deletion_refused": "The account is deleted, but Stripe refused to end its billing.",
	"metadata_refused": "It pays, but the directory refused to write its access, so its session says no.",
	"in_grace":         "Its payment failed. Access continues for the grace period.",
	"plan_unlisted":    "It pays for something that no plan of the catalog lists, so it has no features.",
	"removal_refused":  "Its access has ended, but the directory refused to remove it, so its session still says yes.",
}

// accountFilters are the parameters of the page that the API takes.
var accountFilters = []string{"q", "kind", "state", "status", "plan", "concern", "problems"}

func readAccounts(v *visit) (any, error) {
	data := accountsData{}
	for _, name := range accountFilters {
		data.Filtered = data.Filtered || v.URL.Query().Get(name) != ""
	}
	return &data, v.get(v.query("/v1/accounts", append(accountFilters, "after")...), &data)
}
