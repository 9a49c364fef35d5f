package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/lockstep-dev/lockstep/server"
)

// file is lockstep.toml: one struct per group of settings, in the order of docs/configuration.md. That
// page is generated from the tags, see configuration_test.go:
//
//	doc      what the setting means, in one line
//	more     what does not fit into the line
//	default  the default, as a user would write it
//	flag     the flag of serve that sets the same
type file struct {
	serviceSettings    `section:"Service" about:"Where Lockstep listens, where it keeps its data, and who may call its API ([api.md](api.md))."`
	stripeSettings     `section:"Stripe" about:"How Lockstep reaches Stripe and receives its events ([receiving.md](receiving.md), [local.md](local.md))."`
	identitySettings   `section:"Users and organizations" about:"Where accounts come from: Clerk, or your own servers ([identity-api.md](identity-api.md))."`
	planSettings       `section:"Plans" about:"What your prices mean ([access.md](access.md)). Without a plan, Lockstep names plans after Stripe's lookup keys and products, and browsers can buy nothing. A plan needs a name and at least one of prices, lookup_keys and products."`
	accessSettings     `section:"Access" about:"How Lockstep derives access, and what it writes into Clerk's public metadata ([access.md](access.md))."`
	customerSettings   `section:"Customers" about:"How accounts get their Stripe customers ([identity.md](identity.md), [writes.md](writes.md))."`
	deletionSettings   `section:"Deletion" about:"What happens to the billing of deleted accounts ([deletion.md](deletion.md))."`
	buyingSettings     `section:"Buying" about:"Who may buy what ([buying.md](buying.md))."`
	seatSettings       `section:"Seats" about:"Whether an organization's seats follow its members, or limit them ([seats.md](seats.md))."`
	activationSettings `section:"Activation page" about:"The page at /activate, to which buyers return after the checkout ([activation.md](activation.md))."`
	emailSettings      `section:"E-mail" about:"Without mail.host, Lockstep sends no e-mail ([notices.md](notices.md))."`
	outgoingSettings   `section:"Outgoing webhooks" about:"Endpoints of your app that Lockstep notifies ([webhooks-out.md](webhooks-out.md)). Repeat [[webhook]] for each."`
	syncSettings       `section:"Background work" about:"How many syncs run at once, how often sweeps run, and how long data is kept ([replicas.md](replicas.md), [limits.md](limits.md), [retention.md](retention.md))."`
}

// apply copies the settings of the file into a server's configuration.
func (f file) apply(c *server.Config) {
	c.HTTP.ReturnOrigins, c.HTTP.TrustedProxies = f.ReturnOrigins, f.Proxies
	c.Console.Off = f.Console != nil && !*f.Console
	f.identitySettings.apply(c)
	c.Catalog = f.catalog()
	c.Access = f.access()
	c.Customers = f.customers()
	c.Deletion = f.deletion()
	c.Buying = f.buying()
	c.Seats = f.seats()
	c.Activation = server.Activation{App: f.Activation.App, ContinueURL: f.Activation.ContinueURL}
	f.syncSettings.apply(c)
	c.Sync.BackfillRate = f.Backfill.Rate
}

// duration is a duration in the file: "72h", or "none".
type duration time.Duration

// UnmarshalText reads "none" as a negative duration.
func (d *duration) UnmarshalText(text []byte) error {
	if string(text) == "none" {
		*d = -1
		return nil
	}
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf(`%q is not a duration; write for example "5s", "10m" or "72h"`, text)
	}
	*d = duration(parsed)
	return nil
}

// defaultFile is read if it exists. A file that the user names must exist.
const defaultFile = "lockstep.toml"

// readFile reads the configuration file. An unknown key is an error, because it is probably misspelt.
func readFile(path string) (file, error) {
	var f file
	named := path != ""
	if !named {
		path = defaultFile
	}
	meta, err := toml.DecodeFile(path, &f)
	var malformed toml.ParseError
	switch {
	case errors.Is(err, os.ErrNotExist) && !named:
		return f, nil
	case errors.Is(err, os.ErrNotExist):
		return f, fmt.Errorf("--config (or LOCKSTEP_CONFIG): there is no file %s; check the path", path)
	case err != nil && mistyped(path) != nil: // the library explains the same in terms of Go's types
		return f, fmt.Errorf("%s: %w; docs/configuration.md lists every setting", path, mistyped(path))
	case errors.As(err, &malformed):
		return f, fmt.Errorf("%s: line %d: %s; docs/configuration.md lists every setting", path, malformed.Position.Line,
			keyed(malformed))
	case err != nil:
		return f, fmt.Errorf("%s: %w; docs/configuration.md lists every setting", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return f, fmt.Errorf("%s: unknown key %q; check the spelling, docs/configuration.md lists every setting",
			path, unknown[0].String())
	}
	return f, nil
}

// keyed is the message of a TOML error, with the key that it is about.
func keyed(err toml.ParseError) string {
	if err.LastKey == "" {
		return err.Message
	}
	return err.LastKey + ": " + err.Message
}

// first returns the first setting that is not empty.
func first(settings ...string) string {
	for _, s := range settings {
		if s != "" {
			return s
		}
	}
	return ""
}
