package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
)

// settingsCommand shows the effective configuration of the running service.
type settingsCommand struct {
	remote
	Set  bool `help:"Leave out the settings that nobody set."`
	JSON bool `help:"Print each setting as a JSON object on a line."`
}

// Run prints a line for each setting, by section.
func (c *settingsCommand) Run(ctx context.Context, in *surroundings) error {
	var answer struct{ Data []json.RawMessage }
	if err := c.get(ctx, in, "/v1/settings", &answer); err != nil {
		return err
	}
	out := tabwriter.NewWriter(in.stdout, 0, 0, 2, ' ', 0)
	section := ""
	for _, text := range answer.Data {
		var s struct{ Section, Name, Value, Source, From string }
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
		switch {
		case c.Set && s.Source == "default":
			continue
		case c.JSON:
			if err := printLines(in, []json.RawMessage{text}); err != nil {
				return err
			}
			continue
		case s.Section != section:
			if section != "" {
				fmt.Fprintln(out)
			}
			fmt.Fprintln(out, printable(s.Section))
			section = s.Section
		}
		fmt.Fprintln(out, row("  "+s.Name, cmp.Or(s.Value, "not set"), cmp.Or(s.From, s.Source)))
	}
	return out.Flush()
}
