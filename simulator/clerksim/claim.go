package clerksim

import (
	"regexp"
	"strings"
)

var shortcode = regexp.MustCompile(`\{\{\s*([a-z_]+(?:\.[A-Za-z0-9_-]+)*)\s*\}\}`)

// claim fills a session-token template. A template that is one shortcode keeps
// the JSON type of its value, and null where there is none; shortcodes inside
// other text are filled in as text.
func claim(template string, user *User, organization *Organization) any {
	if match := shortcode.FindStringSubmatch(template); match != nil && match[0] == strings.TrimSpace(template) {
		return lookup(match[1], user, organization)
	}
	return shortcode.ReplaceAllStringFunc(template, func(code string) string {
		text, _ := lookup(shortcode.FindStringSubmatch(code)[1], user, organization).(string)
		return text
	})
}

func lookup(path string, user *User, organization *Organization) any {
	fields := strings.Split(path, ".")
	root := map[string]any{"user": map[string]any{
		"id": user.ID, "external_id": orNull(user.ExternalID), "first_name": orNull(user.FirstName), "last_name": orNull(user.LastName),
		"full_name": orNull(strings.TrimSpace(user.FirstName + " " + user.LastName)), "primary_email_address": orNull(user.Email),
		"username": orNull(user.Username), "public_metadata": user.Public, "unsafe_metadata": user.Unsafe,
	}}
	if organization != nil {
		root["org"] = map[string]any{"id": organization.ID, "name": organization.Name, "slug": organization.Slug, "public_metadata": organization.Public}
	}
	var at any = root
	for _, field := range fields {
		level, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = level[field]
	}
	return at
}
