package server

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// settings returns the settings that operators may read. A program that embeds Lockstep without listing them gets the
// values that matter most.
func (c Config) settings() []lockstep.Setting {
	if c.Settings != nil {
		return c.Settings
	}
	var all []lockstep.Setting
	add := func(section, name string, value any) {
		all = append(all, lockstep.Setting{Section: section, Name: name, Value: lockstep.MaskURL(fmt.Sprint(value)),
			Source: lockstep.FromProgram})
	}
	secret := func(section, name string, values ...lockstep.Secret) {
		var prints []string
		for _, v := range values {
			for part := range strings.SplitSeq(v.Reveal(), ",") {
				prints = append(prints, lockstep.Fingerprint(lockstep.Secret(strings.TrimSpace(part))))
			}
		}
		all = append(all, lockstep.Setting{Section: section, Name: name, Value: strings.Join(prints, ", "),
			Source: lockstep.FromProgram, Secret: true})
	}
	secret("HTTP", "APIKey", c.HTTP.APIKey)
	add("HTTP", "ReturnOrigins", c.HTTP.ReturnOrigins)
	secret("Stripe", "Key", c.Stripe.Key)
	secret("Stripe", "WebhookSecrets", c.Stripe.WebhookSecrets...)
	add("Stripe", "BaseURL", cmp.Or(c.Stripe.BaseURL, "https://api.stripe.com"))
	add("Stripe", "WebhookPath", cmp.Or(c.Stripe.WebhookPath, DefaultStripePath))
	add("Stripe", "Poll", c.Stripe.Poll)
	add("Identities", "Identities", cmp.Or(c.Identities, FromClerk))
	secret("Clerk", "Key", c.Clerk.Key)
	secret("Clerk", "WebhookSecrets", c.Clerk.WebhookSecrets...)
	add("Clerk", "WebhookPath", cmp.Or(c.Clerk.WebhookPath, DefaultClerkPath))
	for _, p := range c.Catalog.Plans {
		add("Catalog", "Plans["+p.Name+"]", strings.Join(append(append(p.Prices[:len(p.Prices):len(p.Prices)],
			p.LookupKeys...), p.Products...), ", "))
	}
	add("Customers", "Creation", cmp.Or(c.Customers.Creation, AtSignUp))
	add("Customers", "AdoptByEmail", c.Customers.AdoptByEmail)
	add("Deletion", "Users", cmp.Or(c.Deletion.Users, DeleteCustomer))
	add("Deletion", "Organizations", cmp.Or(c.Deletion.Organizations, DeleteCustomer))
	add("Deletion", "ForgetAfter", cmp.Or(c.Deletion.ForgetAfter, 30*24*time.Hour))
	add("Email", "Mailer", c.Email.Mailer != nil)
	for _, w := range c.Webhooks {
		all = append(all, lockstep.Setting{Section: "Webhooks", Name: w.ID, Value: lockstep.MaskPath(w.URL),
			Source: lockstep.FromProgram})
		secret("Webhooks", w.ID+" Secrets", w.Secrets...)
	}
	return all
}
