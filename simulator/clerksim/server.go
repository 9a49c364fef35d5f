package clerksim

import (
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// publicKeysPath is where a Frontend API publishes its keys, without
// authentication.
const publicKeysPath = "/.well-known/jwks.json"

// route is one operation of the Backend API. Its handlers are methods of Clerk.
type route = api.Route[*Clerk]

// routes are tried in order, so users/count comes before users/{}.
var routes = api.Router[*Clerk](slices.Concat(userRoutes, emailRoutes, phoneRoutes, metadataRoutes, organizationRoutes,
	membershipRoutes, invitationRoutes, roleRoutes, permissionRoutes, sessionRoutes, templateRoutes, instanceRoutes))

// Operations lists the operations of the Backend API that the simulator has, as
// "GET /v1/users", with {} for each path segment that varies.
func Operations() []string { return routes.Operations() }

// ServeHTTP answers the Backend API under /v1/, the public key set, and the
// hosted pages. All of them pass the gate, which records them and applies faults.
func (c *Clerk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == publicKeysPath {
		c.gate.Serve(w, r, c.serveAPI)
		return
	}
	c.pages.ServeHTTP(w, r)
}

func (c *Clerk) serveAPI(request *wire.Request) *wire.Response {
	locked := c.world.Change
	if request.Method == http.MethodGet {
		locked = c.world.View
	}
	var response *wire.Response
	locked(func() {
		key, _ := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
		defer c.enter(key)()
		trace := hex.EncodeToString([]byte(c.world.NewID("", 16)))
		c.agent = request.UserAgent()
		shown, failure := c.dispatch(request)
		c.agent = ""
		response = api.Answer(shown, failure, trace)
	})
	return response
}

func (c *Clerk) dispatch(request *wire.Request) (any, *api.Error) {
	if request.Method == http.MethodGet && request.URL.Path == publicKeysPath {
		return c.state.Key.JWKS(), nil
	}
	if failure := api.Authenticate(request, c.secret()); failure != nil {
		return nil, failure
	}
	return routes.Execute(c, request, c.limits, c.state.Instance)
}

// cut returns the part of a list that limit and offset choose.
func cut[T any](items []T, limit, offset int) []T {
	from := min(offset, len(items))
	return items[from:min(from+limit, len(items))]
}

// listed shows a list in the shape that carries its total.
func listed[T any](items []T, limit, offset int, show func(T) object) object {
	return object{"data": each(cut(items, limit, offset), show), "total_count": len(items)}
}

func each[T any](items []T, show func(T) object) []any {
	shown := make([]any, 0, len(items))
	for _, item := range items {
		shown = append(shown, show(item))
	}
	return shown
}
