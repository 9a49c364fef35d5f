package setup

import (
	"context"
	"errors"
	"fmt"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/stripebilling"
)

// Read asks Stripe what the account has. If it can read only one of the two, it returns that and an error.
func Read(ctx context.Context, client *stripebilling.Client) (f Found, err error) {
	var failures [2]error
	f.Endpoints, failures[0] = client.WebhookEndpoints(ctx)
	f.Portals, failures[1] = client.PortalConfigurations(ctx)
	return f, errors.Join(failures[:]...)
}

// Setup changes what the account has.
type Setup struct {
	Stripe *stripebilling.Client
	Wanted Wanted
	Choice Choice
	// Reveal gets the secret of a new endpoint, before the next call. old is empty unless the endpoint replaces
	// another one.
	Reveal func(secret lockstep.Secret, old string) error
	// Prove returns nil if the service accepts deliveries with a secret.
	Prove func(ctx context.Context, url string, secret lockstep.Secret) error
}

// Apply makes the changes that the findings need and the choice allows. It returns the findings, each with
// whether it is fixed. A failure does not stop the other changes.
func (s *Setup) Apply(ctx context.Context, findings []Finding) (after []Finding, err error) {
	var failures []error
	for _, f := range findings {
		if !f.change.allowed(s.Choice) {
			after = append(after, f)
			continue
		}
		next, err := s.fix(ctx, &f)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", f.Subject, err))
		}
		after = append(after, f)
		for _, n := range next {
			n.Next = true
			after = append(after, n)
		}
	}
	return after, errors.Join(failures...)
}

// fix makes one change. next is what the operator does then.
func (s *Setup) fix(ctx context.Context, f *Finding) (next []Finding, err error) {
	switch c := f.change; c.kind {
	case create:
		return s.create(ctx, f)
	case update:
		if err = s.Stripe.UpdateWebhookEndpoint(ctx, c.id, c.to); err == nil {
			f.Fixed, f.Fix = true, fmt.Sprintf("it is enabled for exactly %d types of events", len(s.Wanted.Events()))
		}
		return nil, err
	case disable, remove:
		return nil, s.retire(ctx, f)
	case portal:
		created, err := s.Stripe.CreatePortalConfiguration(ctx, "Lockstep", map[string]string{portalKey: "created"})
		if err != nil {
			return nil, err
		}
		f.Fixed, f.Fix = true, "created "+created.ID+" (cancel, payment methods, invoices)"
		return []Finding{unnamed(created.ID)}, nil
	case nothing:
	}
	return nil, nil
}

// create creates an endpoint, passes its secret on, and then keeps the fingerprint.
func (s *Setup) create(ctx context.Context, f *Finding) (next []Finding, err error) {
	wanted := stripebilling.WebhookEndpoint{URL: s.Wanted.URL, Events: s.Wanted.Events(),
		APIVersion: stripebilling.APIVersion, Description: "Lockstep"}
	if f.change.id != "" {
		wanted.Metadata = map[string]string{replacesKey: f.change.id}
	}
	created, secret, err := s.Stripe.CreateWebhookEndpoint(ctx, wanted)
	if err != nil {
		return nil, err
	}
	f.Fixed, f.Fix = true, "created "+created.ID
	err = s.Reveal(secret, f.change.id)
	mark := stripebilling.WebhookEndpointChange{Metadata: map[string]string{secretKey: fingerprint(secret)}}
	err = errors.Join(err, s.Stripe.UpdateWebhookEndpoint(ctx, created.ID, mark))
	then := Finding{Subject: "endpoint/" + created.ID, Problem: "the service does not have its secret yet",
		Fix: "set the secret that setup printed, and start the service"}
	if f.change.id != "" {
		then.Fix = "set the secrets that setup printed, restart the service, then run: lockstep setup --yes"
	}
	return []Finding{then}, err
}

// retire disables or deletes an endpoint that the service does not need, if the service proves that it accepts
// the one that remains.
func (s *Setup) retire(ctx context.Context, f *Finding) (err error) {
	if keep := f.change.prove; keep != nil {
		secret, _ := s.Wanted.secretOf(*keep)
		if err := s.Prove(ctx, s.Wanted.URL, secret); err != nil {
			f.Fix = fmt.Sprintf("not done, because the service did not prove that it accepts the secret of %s: %v", keep.ID, err)
			return nil
		}
	}
	did := "deleted it"
	if f.change.kind == remove {
		err = s.Stripe.DeleteWebhookEndpoint(ctx, f.change.id)
	} else {
		did = "disabled it"
		err = s.Stripe.UpdateWebhookEndpoint(ctx, f.change.id, stripebilling.WebhookEndpointChange{Enabled: new(false)})
	}
	if err == nil {
		f.Fixed, f.Fix = true, did
	}
	return err
}
