package lockstep

// The metadata by which Stripe's objects name their account. The plain names are
// those that applications used before Lockstep; they are read, never written.
const (
	// AccountMetadata is on customers that we made, as [Account.String] writes it.
	AccountMetadata = "lockstepAccount"

	userMetadata              = "clerkUserId" // the account, or beside an organization who paid
	organizationMetadata      = "clerkOrgId"
	plainUserMetadata         = "userId"
	plainOrganizationMetadata = "orgId"
)

// NamingMetadata is what names account on an object; payer is the user who pays
// for an organization, or empty.
func NamingMetadata(account Account, payer string) map[string]string {
	if account.Kind != Organization {
		return map[string]string{userMetadata: account.ID}
	}
	metadata := map[string]string{organizationMetadata: account.ID}
	if payer != "" {
		metadata[userMetadata] = payer
	}
	return metadata
}

// AccountNamedIn returns the account that metadata names, if it names one. Where
// it names an organization, the user beside it is who paid, see [PayerNamedIn].
func AccountNamedIn(metadata map[string]string) (Account, bool) {
	if text := metadata[AccountMetadata]; text != "" {
		a, err := ParseAccount(text)
		return a, err == nil
	}
	for _, named := range []struct {
		key  string
		kind Kind
	}{
		{organizationMetadata, Organization}, {plainOrganizationMetadata, Organization},
		{userMetadata, User}, {plainUserMetadata, User},
	} {
		if id := metadata[named.key]; id != "" {
			a, err := NewAccount(named.kind, id)
			return a, err == nil
		}
	}
	return Account{}, false
}

// PayerNamedIn returns the user whom metadata names beside an organization; empty
// where it names none, or no organization.
func PayerNamedIn(metadata map[string]string) string {
	if a, named := AccountNamedIn(metadata); !named || a.Kind != Organization {
		return ""
	}
	if payer := metadata[userMetadata]; payer != "" {
		return payer
	}
	return metadata[plainUserMetadata]
}

// NamesOf returns every key and value of metadata that names account alone.
func NamesOf(account Account) map[string]string {
	names := map[string]string{AccountMetadata: account.String()}
	keys := []string{userMetadata, plainUserMetadata}
	if account.Kind == Organization {
		keys = []string{organizationMetadata, plainOrganizationMetadata}
	}
	for _, key := range keys {
		names[key] = account.ID
	}
	return names
}
