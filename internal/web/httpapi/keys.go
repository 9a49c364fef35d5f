package httpapi

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/web/audit"
)

// keyStore is the part of the store that lists API keys.
type keyStore interface {
	ValidAPIKeys(ctx context.Context) ([]lockstep.APIKey, error)
	RevokedAPIKeys(ctx context.Context, limit int) ([]lockstep.APIKey, error)
}

type keyView struct {
	Name        string     `json:"name" example:"web"`
	Scopes      []string   `json:"scopes" example:"check,checkout"`
	Environment bool       `json:"environment,omitempty" doc:"It is in LOCKSTEP_API_KEY; its uses are not recorded"`
	CreatedAt   *time.Time `json:"created_at,omitempty"`
	UsedAt      *time.Time `json:"used_at,omitempty" doc:"The hour of the last use; absent: never"`
	RevokedAt   *time.Time `json:"revoked_at,omitempty"`
}

func viewKey(k lockstep.APIKey) keyView {
	return keyView{Name: k.Name, Scopes: k.Scopes.Names(), CreatedAt: orNil(k.CreatedAt), UsedAt: orNil(k.UsedAt),
		RevokedAt: orNil(k.RevokedAt)}
}

type keysOutput struct {
	Body struct {
		Data []keyView `json:"data" doc:"Those of the environment first"`
	}
}

// revokedShown is the maximum number of revoked keys in an answer.
const revokedShown = 100

func (a *API) keys(ctx context.Context, in *struct {
	Revoked bool `query:"revoked" doc:"List the 100 keys that were revoked last, instead of the valid ones"`
},
) (*keysOutput, error) {
	out := &keysOutput{}
	out.Body.Data = []keyView{}
	var stored []lockstep.APIKey
	var err error
	if in.Revoked {
		stored, err = a.Store.RevokedAPIKeys(ctx, revokedShown)
	} else {
		for _, k := range a.Callers.Keys.Environment() {
			out.Body.Data = append(out.Body.Data, keyView{Name: k.Name, Scopes: k.Scopes.Names(), Environment: true})
		}
		stored, err = a.Store.ValidAPIKeys(ctx)
	}
	if err != nil {
		return nil, a.problem(ctx, "list API keys", err)
	}
	for _, k := range stored {
		out.Body.Data = append(out.Body.Data, viewKey(k))
	}
	return out, nil
}

type createKeyInput struct {
	Body struct {
		Name   string   `json:"name" maxLength:"64" example:"web" doc:"Letters, digits and ._-; unique among valid keys"`
		Scopes []string `json:"scopes" minItems:"1" enum:"read,check,checkout,operate,metrics" doc:"What the key may do; only scopes that your own key has"`
	}
}

type createKeyOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Name      string    `json:"name"`
		Scopes    []string  `json:"scopes"`
		Key       string    `json:"key" doc:"The secret; Lockstep stores only its hash and cannot show it again"`
		CreatedAt time.Time `json:"created_at"`
	}
}

// createKey creates a key. Its scopes are among those of the key that asks, so a leaked key cannot make itself
// more powerful.
func (a *API) createKey(ctx context.Context, in *createKeyInput, trail *audit.Trail) (*createKeyOutput, error) {
	if err := lockstep.CheckAPIKeyName(in.Body.Name); err != nil {
		return nil, huma.Error422UnprocessableEntity("name: " + err.Error())
	}
	scopes, err := lockstep.ParseAPIScopes(in.Body.Scopes...)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity("scopes: " + err.Error())
	}
	if own := callerOf(ctx).key; !own.Scopes.Has(scopes) {
		return nil, huma.Error403Forbidden("scopes: your own key " + own.Name + " lacks " + (scopes &^ own.Scopes).String() +
			", so it cannot give that to another key")
	}
	key, secret, err := a.Callers.Keys.Create(ctx, in.Body.Name, scopes)
	if errors.Is(err, lockstep.ErrInUse) {
		return nil, huma.Error409Conflict("name: a valid key is called " + in.Body.Name +
			"; choose another name, or revoke that key first (DELETE /v1/keys/" + in.Body.Name + ")")
	}
	if err != nil {
		return nil, a.problem(ctx, "create API key", err)
	}
	trail.Done(in.subjects()[0], nil, audit.Facts{"scopes": key.Scopes.Names()})
	out := &createKeyOutput{CacheControl: "no-store"}
	out.Body.Name, out.Body.Scopes, out.Body.Key = key.Name, key.Scopes.Names(), secret.Reveal()
	out.Body.CreatedAt = key.CreatedAt
	return out, nil
}

type keyPath struct {
	Name string `path:"name" maxLength:"64" example:"web"`
}

// revokeKey revokes a key. This process refuses it at once, and others within two seconds.
func (a *API) revokeKey(ctx context.Context, in *keyPath, trail *audit.Trail) (*struct{ Body keyView }, error) {
	for _, k := range a.Callers.Keys.Environment() {
		if k.Name == in.Name {
			return nil, huma.Error409Conflict("name: the key " + in.Name +
				" comes from LOCKSTEP_API_KEY; remove it there and restart Lockstep")
		}
	}
	key, err := a.Callers.Keys.Revoke(ctx, in.Name)
	if errors.Is(err, lockstep.ErrNotFound) {
		return nil, huma.Error404NotFound("no valid API key is called " + in.Name + "; GET /v1/keys lists the valid ones")
	}
	if err != nil {
		return nil, a.problem(ctx, "revoke API key", err)
	}
	trail.Done(in.subjects()[0], audit.Facts{"scopes": key.Scopes.Names()}, audit.Facts{"revoked": true})
	return &struct{ Body keyView }{viewKey(key)}, nil
}
