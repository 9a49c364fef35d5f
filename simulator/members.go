package simulator

// Members lists the user ids of an organization's members, in the order in which
// they joined.
func (s *Simulator) Members(organizationID string) []string { return s.clerk.Members(organizationID) }
