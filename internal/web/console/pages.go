package console

import "slices"

// allPages lists the pages. Those with a name are in the menu, in this order.
func allPages() []page {
	return slices.Concat(overviewPages, accountPages, doctorPages, auditPages)
}

// allActions lists the actions.
func allActions() []action {
	return slices.Concat(accountActions, linkActions, noticeActions, deletionActions)
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

// Current reports whether the page is the section of a frame.
func (p page) Current(section string) bool { return p.path == section }
