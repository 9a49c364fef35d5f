package server

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/clerkdirectory"
	"github.com/lockstep-dev/lockstep/internal/doctor"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// Diagnose checks an installation: its configuration and secrets, the database, Stripe, Clerk, the mail
// server, the webhook endpoints, and what waits for an operator. It changes nothing, and continues after
// each failure.
func Diagnose(ctx context.Context, c Config) lockstep.Diagnosis {
	var found []lockstep.Finding
	Checkup{Config: c}.Run(ctx, func(f lockstep.Finding) { found = append(found, f) })
	return lockstep.NewDiagnosis(found)
}

// Checkup is an installation whose configuration may be incomplete.
type Checkup struct {
	Config     Config
	Problems   []error // of reading the configuration
	StoreError error   // why the configuration has no store
	Unreadable error   // why there is no configuration: then nothing else can be checked
}

// Invalid returns every problem of the configuration, without that of the store.
func (c Checkup) Invalid() []error {
	all := slices.Clone(c.Problems)
	for _, err := range each(c.Config.Validate()) {
		if !errors.Is(err, errNoStore) && !slices.ContainsFunc(c.Problems, sameSetting(err)) {
			all = append(all, err)
		}
	}
	return all
}

// sameSetting returns a function that reports whether an error is about the same setting.
func sameSetting(as error) func(error) bool {
	setting := func(err error) string {
		name, _, _ := strings.Cut(err.Error(), ":")
		name, _, _ = strings.Cut(name, " (or ")
		return name
	}
	return func(err error) bool { return setting(err) == setting(as) }
}

// each returns the errors that were joined.
func each(err error) (all []error) {
	joined, is := err.(interface{ Unwrap() []error })
	if !is {
		if err != nil {
			all = append(all, err)
		}
		return all
	}
	for _, part := range joined.Unwrap() {
		all = append(all, each(part)...)
	}
	return all
}

// Run runs all checks, and calls back with each finding.
func (c Checkup) Run(ctx context.Context, found func(lockstep.Finding)) {
	if c.Unreadable != nil {
		doctor.Unreadable(c.Unreadable, found)
		return
	}
	in := c.Config.withDefaults().installation()
	in.Invalid, in.StoreError = c.Invalid(), c.StoreError
	billing, err := stripebilling.New(stripebilling.Config{Key: c.Config.Stripe.Key, BaseURL: c.Config.Stripe.BaseURL,
		HTTPClient: c.Config.Stripe.HTTPClient, Limits: c.Config.Stripe.Limits})
	if err == nil {
		in.Stripe.Client = billing
	} else if c.Config.Stripe.Key != "" { // otherwise it is reported as missing
		in.Invalid = append(in.Invalid, each(err)...)
	}
	if in.Clerk != nil {
		id, err := identities(c.Config)
		if err == nil {
			in.Clerk.Client, _ = id.directory.(*clerkdirectory.Client)
		} else if c.Config.Clerk.Key != "" {
			in.Invalid = append(in.Invalid, each(err)...)
		}
	}
	if in.Caller, err = webhooks(c.Config.Webhooks).caller(); err == nil {
		defer in.Caller.Close()
	}
	if len(in.Invalid) == 0 && c.Config.Store != nil {
		if p, err := newParts(c.Config.withDefaults()); err == nil {
			defer p.caller.Close()
			in.Sample = p.sample
		}
	}
	doctor.Run(ctx, in, found)
}

// installation describes the configuration for the checks, without clients.
func (c Config) installation() *doctor.Installation {
	in := &doctor.Installation{Store: c.Store, Catalog: c.Catalog, Projection: c.Access.Projection,
		Entitlements: c.Access.Entitlements, ReturnOrigins: c.HTTP.ReturnOrigins, Mailer: c.Email.Mailer,
		Stripe: doctor.Stripe{Key: c.Stripe.Key, Webhooks: c.Stripe.WebhookSecrets, Path: c.Stripe.path(),
			Poll: c.Stripe.Poll, Real: c.Stripe.BaseURL == ""}}
	if c.Identities != FromAPI {
		in.Clerk = &doctor.Clerk{Key: c.Clerk.Key, Webhooks: c.Clerk.WebhookSecrets, InstanceID: c.Clerk.InstanceID,
			AuthorizedParties: c.Clerk.AuthorizedParties, Real: c.Clerk.BaseURL == ""}
	}
	for _, w := range c.Webhooks {
		in.Webhooks = append(in.Webhooks, w.ID)
	}
	return in
}

// installation describes the running service. Its clients share their rate limits with the work.
func (p *parts) installation() *doctor.Installation {
	in := p.config.installation()
	in.Store, in.Stripe.Client, in.Caller, in.Sample = p.inbox, p.billing, p.caller, p.sample
	if in.Clerk != nil {
		in.Clerk.Client, _ = p.id.directory.(*clerkdirectory.Client)
	}
	return in
}

// diagnoseWithin is how long the API's checks may take. It answers within 22 seconds.
const diagnoseWithin = 20 * time.Second

// diagnoser returns the function that checks the running service. One check runs at a time: a caller that
// comes meanwhile gets its result.
func (p *parts) diagnoser() func(context.Context) (lockstep.Diagnosis, error) {
	var running singleflight.Group
	return func(ctx context.Context) (lockstep.Diagnosis, error) {
		result := running.DoChan("", func() (any, error) {
			// Others share the result, so it does not end with the first one's context.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), diagnoseWithin)
			defer cancel()
			var found []lockstep.Finding
			doctor.Run(ctx, p.installation(), func(f lockstep.Finding) { found = append(found, f) })
			return lockstep.NewDiagnosis(found), nil
		})
		select {
		case r := <-result:
			return r.Val.(lockstep.Diagnosis), r.Err
		case <-ctx.Done():
			return lockstep.Diagnosis{}, ctx.Err()
		}
	}
}

// warnWithin bounds the checks at the start: a database that does not respond must not delay the work.
const warnWithin = 3 * time.Second

// warn logs what the local checks find. What can never work made New fail.
func (s *Server) warn(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, warnWithin)
	defer cancel()
	for _, f := range doctor.Local(ctx, s.installation()) {
		if f.Level == lockstep.FindingWarning || f.Level == lockstep.FindingFailure {
			s.log.Warn("check found a problem", "check", f.Check, "code", f.Code, "detail", f.Detail, "why", f.Why, "fix", f.Fix)
		}
	}
}
