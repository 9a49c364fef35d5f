package clerksim

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/clerksim/token"
	"github.com/lockstep-dev/lockstep/simulator/delivery"
	"github.com/lockstep-dev/lockstep/simulator/ordered"
	"github.com/lockstep-dev/lockstep/simulator/schedule"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// Config is what a simulated Clerk needs.
type Config struct {
	Key     string // the secret key of the first instance
	URL     string // its public base address; also the issuer of session tokens
	World   *schedule.World
	Outbox  *delivery.Outbox
	History *wire.History
	Faults  *wire.Faults
	Logger  *slog.Logger
	// Claims are the custom claims of session tokens.
	Claims map[string]string
	// RedirectHosts are the hosts besides loopback that the hosted pages may
	// redirect to.
	RedirectHosts []string
	// RateLimited applies the limit of requests per instance.
	RateLimited bool
	Instance    Instance
}

// Instance is what instances of Clerk differ in.
type Instance struct {
	// ProductionRate takes 1000 requests in 10 seconds instead of 100.
	ProductionRate bool
	// MembershipRequired is the setting of that name: there are no personal
	// accounts, and a session is pending until an organization is active.
	MembershipRequired bool
	// SecondsInWebhooks dates the envelopes of webhooks in seconds, as Clerk's
	// published examples do, and not in milliseconds, as its documentation does.
	SecondsInWebhooks bool
	// StandardWebhookHeaders repeats the svix- headers of webhooks as webhook-.
	StandardWebhookHeaders bool
}

// instanceRate is how many requests an instance takes per window; 0: any number.
func (c Config) instanceRate() int {
	switch {
	case !c.RateLimited:
		return 0
	case c.Instance.ProductionRate:
		return api.ProductionRate
	}
	return api.DevelopmentRate
}

// Clerk is a simulated Clerk development instance. Its state is guarded by the
// world's lock; exported methods take it, unexported ones expect it.
type Clerk struct {
	config Config
	world  *schedule.World
	outbox *delivery.Outbox
	gate   *wire.Gate
	pages  http.Handler
	state  *State
	index  *index
	limits *api.Limits
	agent  string // who makes the request that is being executed
}

// State is everything a simulated Clerk remembers, in order of creation.
type State struct {
	index *index // of an instance that is not the current one; nil until it is asked

	Instance      string                                     `json:"instance"`
	Secret        string                                     `json:"secret_key,omitempty"` // "": the configuration's
	Key           *token.Key                                 `json:"signing_key"`
	Users         ordered.Table[User, *User]                 `json:"users"`
	Organizations ordered.Table[Organization, *Organization] `json:"organizations"`
	Memberships   ordered.Table[Membership, *Membership]     `json:"memberships"`
	Invitations   ordered.Table[Invitation, *Invitation]     `json:"invitations"`
	Roles         ordered.Table[Role, *Role]                 `json:"roles"`
	Permissions   ordered.Table[Permission, *Permission]     `json:"permissions"`
	Sessions      ordered.Table[Session, *Session]           `json:"sessions"`
	Templates     ordered.Table[Template, *Template]         `json:"jwt_templates"`
	Endpoints     []*Endpoint                                `json:"webhook_endpoints"`
	SvixDeleted   bool                                       `json:"svix_deleted,omitempty"`
	Former        []*State                                   `json:"former_instances,omitempty"` // see MoveInstance
}

// New returns an empty instance. It fails when no signing key can be made.
func New(config Config) (*Clerk, error) {
	key, err := token.NumberedKey(0)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	c := &Clerk{
		config: config, world: config.World, outbox: config.Outbox, limits: api.NewLimits(config.instanceRate()),
		gate:  &wire.Gate{Side: "clerk", History: config.History, Faults: config.Faults, ErrorBody: api.FaultBody},
		state: &State{Key: key},
	}
	c.index = newIndex(c.state)
	c.world.Change(func() {
		c.state.Instance = c.world.NewID("ins_2", 26)
		c.addSystemRoles()
	})
	c.world.Handle(expireInvitation, c.invitationExpired)
	c.outbox.Register(c)
	c.pages = c.hostedPages()
	return c, nil
}

// Snapshot returns the state for Save. Call it under the world's lock and
// marshal it before the lock is given back.
func (c *Clerk) Snapshot() *State { return c.state }

// Restore replaces the state. Call it through World.Replace.
func (c *Clerk) Restore(state *State) {
	c.state, c.index = state, newIndex(state)
}

// now is the billing clock in whole milliseconds, which is how Clerk keeps time.
func (c *Clerk) now() time.Time { return c.world.Now().Truncate(time.Millisecond) }

// object is a JSON object as the API shows it.
type object map[string]any

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// millis shows a time in milliseconds, the zero time as null.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// deepCopy copies metadata, so that a snapshot does not follow later changes.
func deepCopy(metadata map[string]any) map[string]any {
	copied := make(map[string]any, len(metadata))
	for key, value := range metadata {
		if nested, ok := value.(map[string]any); ok {
			value = deepCopy(nested)
		}
		copied[key] = value
	}
	return copied
}
