package stripebilling

import "github.com/lockstep-dev/lockstep"

// The metadata by which objects name their account. The plain names are those
// that applications used before Lockstep; they are read, never written.
const (
	accountKey           = "lockstepAccount" // "user/user_2x…", on customers
	userKey              = "clerkUserId"     // the account, or who paid for the organization
	organizationKey      = "clerkOrgId"
	plainUserKey         = "userId"
	plainOrganizationKey = "orgId"
)

// accountMetadata is what names account; payer is the user who pays for an
// organization, or empty.
func accountMetadata(account lockstep.Account, payer string) map[string]string {
	if account.Kind != lockstep.Organization {
		return map[string]string{userKey: account.ID}
	}
	metadata := map[string]string{organizationKey: account.ID}
	if payer != "" {
		metadata[userKey] = payer
	}
	return metadata
}

// namesAccount reports whether a customer's metadata says that it is account's.
// A user who is named beside an organization is its payer.
func namesAccount(metadata map[string]string, account lockstep.Account) bool {
	if named := metadata[accountKey]; named != "" {
		return named == account.String()
	}
	if organization := metadata[organizationKey]; organization != "" || account.Kind == lockstep.Organization {
		return account.Kind == lockstep.Organization && organization == account.ID
	}
	return metadata[userKey] == account.ID
}

// namesAny reports whether metadata names an account at all.
func namesAny(metadata map[string]string) bool {
	for _, key := range []string{accountKey, userKey, plainUserKey, organizationKey, plainOrganizationKey} {
		if metadata[key] != "" {
			return true
		}
	}
	return false
}

// payer is the user who paid, where metadata names an organization.
func payer(metadata map[string]string) string {
	switch {
	case metadata[organizationKey] == "" && metadata[plainOrganizationKey] == "":
		return ""
	case metadata[userKey] != "":
		return metadata[userKey]
	}
	return metadata[plainUserKey]
}
