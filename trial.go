package lockstep

import (
	"fmt"
	"strings"
)

// TrialRule says how many trials are given.
type TrialRule string

// The rules.
const (
	TrialPerAccount TrialRule = "account" // the default: one for each account
	TrialPerEmail   TrialRule = "email"   // and one for each verified address, also after its account was deleted
)

// Validate reports a rule that does not exist.
func (r TrialRule) Validate() error {
	switch r {
	case "", TrialPerAccount, TrialPerEmail:
		return nil
	}
	return fmt.Errorf("buying.trials_per: %q is not a rule; use %q or %q", string(r), TrialPerAccount, TrialPerEmail)
}

// TrialAddress is the form in which addresses are compared for trials: in lower case and
// without what follows a "+" in the name, since ada+1@… and ada+2@… are one mailbox.
func TrialAddress(email string) string {
	email = strings.ToLower(strings.TrimSpace(email))
	at := strings.LastIndexByte(email, '@')
	if at < 0 {
		return email
	}
	name, domain := email[:at], email[at:]
	if plain, _, tagged := strings.Cut(name, "+"); tagged && plain != "" {
		name = plain
	}
	return name + domain
}
