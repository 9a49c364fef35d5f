package clerksim

// Members lists the user ids of an organization's members, in the order in which
// they joined.
func (c *Clerk) Members(organizationID string) []string {
	var users []string
	c.world.View(func() {
		for _, membership := range c.index.membershipsOf[organizationID] {
			users = append(users, membership.User)
		}
	})
	return users
}
