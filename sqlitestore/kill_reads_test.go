package sqlitestore_test

// reads lists the store's methods that write nothing.
var reads = []string{
	"Close", "Runs", "Events", "EventTally", "NextDue", "Work", "Backlog", "WaitingFor", "Account", "AccountsAfter", "Troubled",
	"FindAccounts", "Attention",
	"LicenseOfPayment", "AccountOfLicense",
	"AccountOfCustomer", "LinkOf", "Notices", "Notice", "Cursor", "Unlisted", "EmailDelivery", "WebhookDelivery",
	"WebhookDeliveries", "LatestNotices", "EmailsOfNotice",
	"WebhookEndpoint",
	"AccessNotification", "DeletionsIn", "DeletionTally", "AssignmentOf", "HadTrial", "Fleet", "Identity", "Identities",
	"ChangedSince", "HeldPrices",
	"Instance", "Successor", "OrderedPredecessors", "FormerAccounts", "FormerByEmail",
	"StagedCustomers", "StagedIdentity", "StagedSlug", "StagedExternal", "StagedEmail", "StagedPayments", "Concluded",
	"ClaimsOf", "ValidAPIKeys", "RevokedAPIKeys", "AuditEntries", "Event", "OpenWork", "NamesOf",
	"ConsolePass", "Pulse", "StatisticsOf",
}
