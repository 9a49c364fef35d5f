package main

import (
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/server"
)

type planSettings struct {
	Plans []struct {
		Name       string           `toml:"name" default:"required" doc:"The plan's name, as your app reads it"`
		Prices     []string         `toml:"prices" default:"none" doc:"Ids of Stripe prices (price_…) that give the plan"`
		LookupKeys []string         `toml:"lookup_keys" default:"none" doc:"Lookup keys of Stripe prices that give the plan"`
		Products   []string         `toml:"products" default:"none" doc:"Ids of Stripe products (prod_…) that give the plan"`
		Features   []string         `toml:"features" default:"none" doc:"The features that the plan gives"`
		Limits     map[string]int64 `toml:"limits" default:"none" doc:"The limits that the plan gives, for example { notes = 1000 }"`
		Rank       int              `toml:"rank" default:"0" doc:"An account with several plans is on the one with the highest rank"`
		Duration   duration         `toml:"duration" default:"forever" doc:"How long a license lasts, for example \"8760h\""`
		TrialDays  int64            `toml:"trial_days" default:"0" doc:"Days of trial of a new subscription"`
		NoCard     bool             `toml:"trial_without_card" default:"false" doc:"Start trials without a card"`
	} `toml:"plan"`
	PastDueGrace  duration `toml:"past_due_grace" default:"while Stripe retries" doc:"Access after a failed payment: for example \"72h\", or \"none\""`
	PartialRefund string   `toml:"partial_refund" default:"keep" doc:"What a partial refund does to a license: \"keep\" or \"revoke\""`
	PlanMetadata  string   `toml:"plan_metadata" default:"none" doc:"The metadata key in which your app names the plan"`
}

func (s planSettings) catalog() lockstep.Catalog {
	c := lockstep.Catalog{PastDueGrace: time.Duration(s.PastDueGrace),
		PartialRefund: lockstep.PartialRefund(s.PartialRefund), PlanMetadata: s.PlanMetadata}
	for _, p := range s.Plans {
		c.Plans = append(c.Plans, lockstep.Plan{Name: p.Name, Prices: p.Prices, LookupKeys: p.LookupKeys,
			Products: p.Products, Features: p.Features, Limits: p.Limits, Rank: p.Rank,
			Duration: time.Duration(p.Duration), TrialDays: p.TrialDays, TrialWithoutCard: p.NoCard})
	}
	return c
}

type accessSettings struct {
	Entitlements bool `toml:"stripe_entitlements" default:"false" doc:"Add the features of Stripe's entitlements"`
	Budget       int  `toml:"projection_budget" default:"1000" doc:"Maximum bytes of metadata, from 256 to 7168" more:"Session tokens that carry the metadata must stay small. If it does not fit, features and limits are cut."`
	Metadata     struct {
		CustomerID     *string `toml:"customer_id" default:"stripeCustomerId" doc:"Key of the primary customer; \"\" leaves it out"`
		SubscriptionID *string `toml:"subscription_id" default:"stripeSubscriptionId" doc:"Key of the subscription; \"\" leaves it out"`
		Status         *string `toml:"status" default:"subscriptionStatus" doc:"Key of the status; \"\" leaves it out"`
		Plan           *string `toml:"plan" default:"plan" doc:"Key of the plan; \"\" leaves it out"`
		Billing        *string `toml:"billing" default:"billing" doc:"Key of the object with everything else; \"\" leaves it out"`
	} `toml:"metadata_keys"`
}

// access keeps the default name of each metadata key that the file does not set.
func (s accessSettings) access() server.Access {
	keys := lockstep.DefaultProjectionKeys
	for to, from := range map[*string]*string{&keys.CustomerID: s.Metadata.CustomerID,
		&keys.SubscriptionID: s.Metadata.SubscriptionID, &keys.Status: s.Metadata.Status, &keys.Plan: s.Metadata.Plan,
		&keys.Billing: s.Metadata.Billing} {
		if from != nil {
			*to = *from
		}
	}
	keys.Budget = s.Budget
	return server.Access{Entitlements: s.Entitlements, Projection: keys}
}

type customerSettings struct {
	Customers    string `toml:"customers" default:"signup" doc:"When a user gets a customer: at \"signup\" or at \"checkout\""`
	Details      string `toml:"customer_details" default:"respect" doc:"Who owns a customer's e-mail and name: \"respect\" or \"follow\"" more:"\"respect\" keeps what was changed at Stripe. \"follow\" writes the directory's over it."`
	AdoptByEmail bool   `toml:"adopt_by_email" default:"false" doc:"Take over older customers by verified e-mail addresses"`
	Backfill     struct {
		Rate float64 `toml:"rate" default:"0.9" doc:"The share of the rate limits that a backfill uses"`
	} `toml:"backfill"`
}

func (s customerSettings) customers() server.Customers {
	return server.Customers{Creation: server.CustomerCreation(s.Customers), Details: lockstep.DetailsPolicy(s.Details),
		AdoptByEmail: s.AdoptByEmail}
}

type deletionSettings struct {
	Deleted     string `toml:"on_account_deleted" default:"delete" doc:"Sets both of the next two"`
	UserDeleted string `toml:"on_user_deleted" default:"delete" doc:"What to do with the billing of a deleted user" more:"\"delete\" deletes the customer, \"cancel\" cancels the subscriptions now, \"cancel_at_period_end\" lets them run out, and \"keep\" changes nothing."`
	OrgDeleted  string `toml:"on_organization_deleted" default:"delete" doc:"What to do with the billing of a deleted organization"`
	OrgEmpty    string `toml:"on_organization_empty" default:"report" doc:"What to do if an organization has no members left" more:"\"report\" changes nothing. Or \"cancel_at_period_end\" or \"cancel\"."`
	Deletions   struct {
		Brake  int      `toml:"brake" default:"20" doc:"How many deletions in a window before the brake holds the rest" more:"An operator then approves or discards them: lockstep deletions."`
		Window duration `toml:"window" default:"10m" doc:"The window in which the brake counts"`
		Share  int      `toml:"share" default:"5" doc:"What percentage of the accounts before the brake holds the rest"`
		Forget duration `toml:"forget_after" default:"720h" doc:"When stored events about a deleted account are blanked; or \"none\""`
	} `toml:"deletions"`
}

func (s deletionSettings) deletion() server.Deletion {
	return server.Deletion{Users: server.DeletionPolicy(first(s.UserDeleted, s.Deleted)),
		Organizations:     server.DeletionPolicy(first(s.OrgDeleted, s.Deleted)),
		EmptyOrganization: lockstep.EmptyPolicy(s.OrgEmpty),
		Brake: lockstep.Brake{Limit: s.Deletions.Brake, Window: time.Duration(s.Deletions.Window),
			Share: s.Deletions.Share},
		ForgetAfter: time.Duration(s.Deletions.Forget)}
}

type buyingSettings struct {
	Buying struct {
		Roles               []string `toml:"roles" default:"[\"admin\"]" doc:"The members' roles that may buy for an organization"`
		Several             bool     `toml:"several_subscriptions" default:"false" doc:"Allow several subscriptions of different plans"`
		RepeatTrials        bool     `toml:"repeat_trials" default:"false" doc:"Allow more than one trial"`
		TrialsPer           string   `toml:"trials_per" default:"account" doc:"One trial per \"account\", or per \"email\" address"`
		Unlisted            bool     `toml:"unlisted_prices" default:"false" doc:"Let your servers sell prices that no plan lists"`
		PortalConfiguration string   `toml:"portal_configuration" default:"Stripe's default" doc:"The configuration of the billing portal (bpc_…)"`
	} `toml:"buying"`
}

func (s buyingSettings) buying() server.Buying {
	return server.Buying{Roles: s.Buying.Roles, PortalConfiguration: s.Buying.PortalConfiguration,
		Policy: server.BuyingPolicy{Several: s.Buying.Several, RepeatTrials: s.Buying.RepeatTrials,
			TrialsPer: lockstep.TrialRule(s.Buying.TrialsPer), Unlisted: s.Buying.Unlisted}}
}

type seatSettings struct {
	Seats struct {
		Follow       string `toml:"follow" default:"off" doc:"Let the seats follow the members: \"off\", \"up\", \"up_and_down\""`
		Proration    string `toml:"proration" default:"create_prorations" doc:"How Stripe bills a change of seats" more:"Stripe's proration_behavior: \"create_prorations\", \"none\" or \"always_invoice\"."`
		Minimum      int64  `toml:"minimum" default:"1" doc:"Never fewer seats than this"`
		LimitMembers bool   `toml:"limit_members" default:"false" doc:"Allow no more members than paid seats" more:"Choose either this or follow."`
	} `toml:"seats"`
}

func (s seatSettings) seats() lockstep.SeatPolicy {
	return lockstep.SeatPolicy{Follow: lockstep.SeatFollow(s.Seats.Follow),
		Proration: lockstep.SeatProration(s.Seats.Proration), Minimum: s.Seats.Minimum,
		LimitMembers: s.Seats.LimitMembers}
}

type activationSettings struct {
	Activation struct {
		App         string `toml:"app" default:"none" doc:"Your app's name, for the page"`
		ContinueURL string `toml:"continue_url" default:"none" doc:"Where the page sends buyers when their access is active"`
	} `toml:"activation"`
}

type emailSettings struct {
	Mail mailSettings `toml:"mail"`
}

type outgoingSettings struct {
	Webhooks []webhookSettings `toml:"webhook"`
}
