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

// Config configures a simulated Clerk.
type Config struct {
	Key     string // the secret key of the first instance
	URL     string // public base address and issuer of session tokens
	World   *schedule.World
	Outbox  *delivery.Outbox
	History *wire.History
	Faults  *wire.Faults
	Logger  *slog.Logger
	// Claims are the custom claims of session tokens.
	Claims map[string]string
	// RedirectHosts are hosts, besides loopback, that the hosted pages may redirect
	// to.
	RedirectHosts []string
	RateLimited   bool // applies the limit of requests per instance
	Instance      Instance
}

// Instance holds the settings in which Clerk instances differ.
type Instance struct {
	// ProductionRate allows 1000 requests in 10 seconds instead of 100.
	ProductionRate bool
	// MembershipRequired is Clerk's setting of that name. There are no personal
	// accounts, and a session is pending until an organization is active.
	MembershipRequired bool
	// SecondsInWebhooks dates webhook envelopes in seconds, as Clerk's published
	// examples do. Clerk's documentation says milliseconds, which is the default.
	SecondsInWebhooks bool
	// StandardWebhookHeaders sends the svix- headers also as webhook- headers.
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

// Clerk is a simulated Clerk development instance. The world's lock guards its
// state: exported methods take the lock, unexported ones expect it.
type Clerk struct {
	config Config
	world  *schedule.World
	outbox *delivery.Outbox
	gate   *wire.Gate
	pages  http.Handler
	state  *State
	index  *index
	limits *api.Limits
	agent  string // User-Agent of the request that is being executed
}

// State is everything that a simulated Clerk stores, in the order of creation.
type State struct {
	index *index // of a former instance; nil until a request needs it

	Instance      string                                     `json:"instance"`
	Secret        string                                     `json:"secret_key,omitempty"` // "": Config.Key
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

// New returns an empty instance. It fails if it cannot generate a signing key.
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

// Snapshot returns the state. Call it under the world's lock, and marshal the state
// before you release the lock.
func (c *Clerk) Snapshot() *State { return c.state }

// Restore replaces the state. Call it in World.Replace.
func (c *Clerk) Restore(state *State) {
	c.state, c.index = state, newIndex(state)
}

// now is the billing clock in whole milliseconds, the precision of Clerk's times.
func (c *Clerk) now() time.Time { return c.world.Now().Truncate(time.Millisecond) }

// object is a JSON object as the API shows it.
type object map[string]any

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// millis shows a time in Unix milliseconds, and the zero time as null.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// deepCopy copies metadata, so that later changes do not affect the copy.
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
