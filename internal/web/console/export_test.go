package console

// PagePaths are the paths of all pages, with a value for each variable.
func PagePaths(fill func(pattern string) string) (paths []string) {
	for _, p := range allPages() {
		paths = append(paths, fill(root+p.path))
	}
	return paths
}

// ActionNames are the names of all actions, with the parameters that each needs.
func ActionNames() map[string][]string {
	names := map[string][]string{}
	for _, a := range allActions() {
		names[a.name] = a.given
	}
	return names
}

// MenuPaths are the paths of the pages in the menu.
func MenuPaths() (paths []string) {
	for _, p := range menu() {
		paths = append(paths, p.Href())
	}
	return paths
}
