package console

import (
	"cmp"
	"slices"
)

// allPages lists the pages. Those with a name are in the menu, in this order.
func allPages() []page {
	return slices.Concat(overviewPages, chartPages, accountsPages, accountPages, eventPages, workPages, deletionPages,
		noticesPages, webhooksPages, catalogPages, settingsPages,
		doctorPages, auditPages)
}

// allActions lists the actions.
func allActions() []action {
	return slices.Concat(accountActions, linkActions, noticeActions, deletionActions, eventActions, workActions,
		bulkDeletionActions, sendActions, endpointActions)
}

// menu lists the pages of the menu.
func menu() (named []page) {
	for _, p := range allPages() {
		if p.name != "" {
			named = append(named, p)
		}
	}
	return named
}

// Href and Name are what the layout shows of a page.
func (p page) Href() string { return root + p.path }
func (p page) Name() string { return p.name }

// Current reports whether the page is the section of a frame; a frame without a section belongs to none.
func (p page) Current(section string) bool { return section != "" && section == p.belongs() }

// belongs returns the path of the entry of the menu that the page belongs to. The overview's is "/".
func (p page) belongs() string { return cmp.Or(p.section, p.path, "/") }
