package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// confirmed is for commands that move a customer or an account: they say what they will do, and ask.
type confirmed struct {
	operating
	Yes bool `help:"Do not ask for confirmation." short:"y"`
}

// confirm prints the account's customers and what will happen, and waits for y or yes. Without an account,
// it prints no customers.
func (c confirmed) confirm(ctx context.Context, in *surroundings, account, what string) error {
	if c.Yes {
		return nil
	}
	if account != "" {
		has, err := c.customers(ctx, in, account)
		if err != nil {
			return err
		}
		fmt.Fprintln(in.stdout, has)
	}
	fmt.Fprintf(in.stdout, "%s\nContinue? [y/N] ", what)
	answer, err := bufio.NewReader(in.stdin).ReadString('\n')
	if err != nil && answer == "" {
		return errors.New("nothing was changed, because there was no answer; to skip the question, add --yes")
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was changed")
}

// customers describes an account's customers, one per line.
func (c confirmed) customers(ctx context.Context, in *surroundings, account string) (string, error) {
	var view struct {
		Customers []struct {
			ID, Trust        string
			Primary, Deleted bool
		}
	}
	if err := c.get(ctx, in, "/v1/accounts/"+account, &view); err != nil {
		return "", err
	}
	if len(view.Customers) == 0 {
		return account + " has no customers.", nil
	}
	var lines strings.Builder
	fmt.Fprintf(&lines, "%s has these customers:", account)
	for _, customer := range view.Customers {
		fmt.Fprintf(&lines, "\n  %s, %s", customer.ID, customer.Trust)
		if customer.Primary {
			lines.WriteString(", primary")
		}
		if customer.Deleted {
			lines.WriteString(", deleted at Stripe")
		}
	}
	return lines.String(), nil
}

// linkCommand links a customer or a payment to an account, or carries an account of a former Clerk instance
// over to another.
type linkCommand struct {
	confirmed
	Object  string `arg:"" help:"A customer (cus_…), the checkout session of a guest's payment (cs_…), or an account of a former Clerk instance (user/user_old)."`
	Account string `arg:"" help:"The account, for example user/user_2x… or organization/org_9y…."`
}

// Run links the object.
func (c *linkCommand) Run(ctx context.Context, in *surroundings) error {
	former := strings.Contains(c.Object, "/")
	what := fmt.Sprintf("%s will belong to %s, and what it paid for will give it access.", c.Object, c.Account)
	if former {
		what = fmt.Sprintf("Everything of %s moves to %s: customers, subscriptions, licenses and history. The old account is removed, and its id leads to the new one.", c.Object, c.Account)
	}
	if err := c.confirm(ctx, in, c.Account, what); err != nil {
		return err
	}
	if err := c.call(ctx, in, http.MethodPost, "/v1/links", map[string]any{"object": c.Object, "account": c.Account},
		nil); err != nil {
		return err
	}
	switch linked, err := c.linked(ctx, in); {
	case err != nil:
		return err
	case former:
		fmt.Fprintf(in.stdout, "Carrying %s over to %s. To list the accounts that are left: lockstep instance show\n",
			c.Object, c.Account)
	case linked:
		fmt.Fprintf(in.stdout, "%s now belongs to %s.\n", c.Object, c.Account)
	default:
		fmt.Fprintf(in.stdout, "The decision is stored, but Lockstep has not linked %s to %s yet. GET /v1/work shows why.\n",
			c.Object, c.Account)
	}
	return nil
}

// linkWait is how long the command waits for the service to act on a decision.
const linkWait = 5 * time.Second

// linked waits until the account has the customer. For other objects it does not wait, because the account
// does not list them.
func (c *linkCommand) linked(ctx context.Context, in *surroundings) (bool, error) {
	if !strings.HasPrefix(c.Object, "cus_") {
		return true, nil
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(linkWait); ; {
		has, err := c.customers(ctx, in, c.Account)
		if err != nil || strings.Contains(has, " "+c.Object+",") {
			return err == nil, err
		}
		if time.Now().After(end) {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-ticker.C:
		}
	}
}

// unlinkCommand removes a customer from its account.
type unlinkCommand struct {
	confirmed
	Customer string `arg:"" help:"The customer (cus_…)."`
}

// Run unlinks the customer.
func (c *unlinkCommand) Run(ctx context.Context, in *surroundings) error {
	err := c.confirm(ctx, in, "", fmt.Sprintf("%s will belong to no account, and its subscriptions will give no access until it is linked again. "+
		"Licenses stay with their account. Nothing changes at Stripe.", c.Customer))
	if err != nil {
		return err
	}
	var taken struct{ Account string }
	if err := c.call(ctx, in, http.MethodDelete, "/v1/links/"+url.PathEscape(c.Customer), nil, &taken); err != nil {
		return err
	}
	fmt.Fprintf(in.stdout, "%s no longer belongs to %s. To link it to another account: lockstep link %s ACCOUNT\n",
		c.Customer, taken.Account, c.Customer)
	return nil
}

// mergeCommand chooses the primary customer of an account.
type mergeCommand struct {
	confirmed
	Account string `arg:"" help:"The account, for example user/user_2x… or organization/org_9y…."`
	Primary string `arg:"" help:"The customer (cus_…) to use for checkouts, the portal and metadata."`
}

// Run makes the customer the primary one.
func (c *mergeCommand) Run(ctx context.Context, in *surroundings) error {
	err := c.confirm(ctx, in, c.Account, c.Primary+" will be the primary customer, for checkouts, the portal and metadata. "+
		"The others still give access. Nothing changes at Stripe.")
	if err != nil {
		return err
	}
	if err := c.call(ctx, in, http.MethodPost, "/v1/accounts/"+c.Account+"/primary-customer",
		map[string]any{"customer": c.Primary}, nil); err != nil {
		return err
	}
	fmt.Fprintf(in.stdout, "%s is now the primary customer of %s.\n", c.Primary, c.Account)
	return nil
}
