package main

import (
	"encoding/json"
	"fmt"

	"github.com/lockstep-dev/lockstep/internal/buildinfo"
)

// versionCommand says which build this is.
type versionCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints the version, and what is known of the commit.
func (c *versionCommand) Run(in *surroundings) error {
	build := buildinfo.Read()
	if c.JSON {
		return json.NewEncoder(in.stdout).Encode(build)
	}
	fmt.Fprintf(in.stdout, "lockstep %s\n", build.Version)
	for _, line := range []struct{ name, value string }{{"commit", build.Commit}, {"date", build.Date}, {"go", build.Go}} {
		if line.value != "" {
			fmt.Fprintf(in.stdout, "%-7s %s\n", line.name, line.value)
		}
	}
	return nil
}
