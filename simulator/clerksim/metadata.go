package clerksim

import (
	"maps"
	"net/http"
	"slices"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// maxMetadata is the limit for one metadata object as JSON, in bytes.
const maxMetadata = 8 << 10

var organizationMetadata = api.Fields{"public_metadata": api.Map, "private_metadata": api.Map}

var metadataRoutes = []route{
	api.Op(http.MethodPatch, "/v1/users/{}/metadata", (*Clerk).mergeUserMetadata).Updates("user").Takes(userMetadata),
	api.Op(http.MethodPut, "/v1/users/{}/metadata", (*Clerk).replaceUserMetadata).Updates("user").Takes(userMetadata),
	api.Op(http.MethodPatch, "/v1/organizations/{}/metadata",
		(*Clerk).mergeOrganizationMetadata).Updates("organization").Takes(organizationMetadata),
	api.Op(http.MethodPut, "/v1/organizations/{}/metadata",
		(*Clerk).replaceOrganizationMetadata).Updates("organization").Takes(organizationMetadata),
	api.Op(http.MethodPatch, "/v1/organizations/{}/memberships/{}/metadata",
		(*Clerk).mergeMembershipMetadata).Updates("membership").Takes(organizationMetadata),
}

func checkSize(name string, metadata map[string]any) *api.Error {
	if size := len(api.Encode(metadata)); size > maxMetadata {
		return api.Unprocessable(name, "form_param_exceeds_allowed_size", "exceeds the maximum allowed size",
			"%s is %d bytes; it must not be larger than 8KB.", name, size)
	}
	return nil
}

// change returns the metadata that results from the given one.
type change func(old, given map[string]any) map[string]any

// merged applies a patch as Clerk does. It merges objects at every level, and a
// null removes its key.
func merged(metadata, patch map[string]any) map[string]any {
	result := deepCopy(metadata)
	for key, value := range patch {
		switch given := value.(type) {
		case nil:
			delete(result, key)
		case map[string]any:
			old, _ := result[key].(map[string]any)
			result[key] = merged(old, given)
		default:
			result[key] = value
		}
	}
	return result
}

// replaced ignores the old metadata. It keeps nulls, because there is no key to
// remove.
func replaced(_, given map[string]any) map[string]any { return deepCopy(given) }

// applyMetadata changes each metadata field that the body has, or none if one is
// refused.
func applyMetadata(body map[string]any, to map[string]*map[string]any, apply change) *api.Error {
	results := map[string]map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(to)) {
		given, sent := body[name].(map[string]any)
		if !sent {
			continue
		}
		results[name] = apply(*to[name], given)
		if failure := checkSize(name, results[name]); failure != nil {
			return failure
		}
	}
	for name, result := range results {
		*to[name] = result
	}
	return nil
}

func (c *Clerk) mergeUserMetadata(call *api.Call) (any, *api.Error) {
	return c.changeUserMetadata(call, merged)
}

func (c *Clerk) replaceUserMetadata(call *api.Call) (any, *api.Error) {
	return c.changeUserMetadata(call, replaced)
}

func (c *Clerk) changeUserMetadata(call *api.Call, apply change) (any, *api.Error) {
	user := c.user(call.Path[0])
	if user == nil {
		return nil, noUser(call.Path[0])
	}
	if failure := applyMetadata(call.Body, user.metadata(), apply); failure != nil {
		return nil, failure
	}
	c.userUpdated(user) // sends user.updated even if nothing changed, as Clerk does
	return c.showUser(user), nil
}

func (c *Clerk) mergeOrganizationMetadata(call *api.Call) (any, *api.Error) {
	return c.changeOrganizationMetadata(call, merged)
}

func (c *Clerk) replaceOrganizationMetadata(call *api.Call) (any, *api.Error) {
	return c.changeOrganizationMetadata(call, replaced)
}

func (c *Clerk) changeOrganizationMetadata(call *api.Call, apply change) (any, *api.Error) {
	organization := c.organization(call.Path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	if failure := applyMetadata(call.Body, organization.metadata(), apply); failure != nil {
		return nil, failure
	}
	c.organizationUpdated(organization)
	return c.showOrganization(organization, false), nil
}

func (c *Clerk) mergeMembershipMetadata(call *api.Call) (any, *api.Error) {
	membership, failure := c.membershipAt(call)
	if failure != nil {
		return nil, failure
	}
	if failure := applyMetadata(call.Body, membership.metadata(), merged); failure != nil {
		return nil, failure
	}
	c.membershipUpdated(membership)
	return c.showMembership(membership), nil
}
