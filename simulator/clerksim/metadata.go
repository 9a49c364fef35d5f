package clerksim

import (
	"maps"
	"net/http"
	"slices"
)

// maxMetadata is the size of one metadata object, as JSON.
const maxMetadata = 8 << 10

var organizationMetadata = fields{"public_metadata": hash, "private_metadata": hash}

var metadataRoutes = []route{
	op(http.MethodPatch, "/v1/users/{}/metadata", (*Clerk).mergeUserMetadata).updates("user").takes(userMetadata),
	op(http.MethodPut, "/v1/users/{}/metadata", (*Clerk).replaceUserMetadata).updates("user").takes(userMetadata),
	op(http.MethodPatch, "/v1/organizations/{}/metadata",
		(*Clerk).mergeOrganizationMetadata).updates("organization").takes(organizationMetadata),
	op(http.MethodPut, "/v1/organizations/{}/metadata",
		(*Clerk).replaceOrganizationMetadata).updates("organization").takes(organizationMetadata),
	op(http.MethodPatch, "/v1/organizations/{}/memberships/{}/metadata",
		(*Clerk).mergeMembershipMetadata).updates("membership").takes(organizationMetadata),
}

func checkSize(name string, metadata map[string]any) *Error {
	if size := len(encode(metadata)); size > maxMetadata {
		return unprocessable(name, "form_param_exceeds_allowed_size", "exceeds the maximum allowed size",
			"%s is %d bytes; it must not be larger than 8KB.", name, size)
	}
	return nil
}

// merged applies a patch the way Clerk does: objects are merged at every level
// and a null removes its key.
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

// replaced forgets the old metadata. A null stays: nothing is there to remove.
func replaced(_, given map[string]any) map[string]any { return deepCopy(given) }

// applyMetadata changes each sent field, or none if one is refused.
func (c *call) applyMetadata(to map[string]*map[string]any,
	apply func(old, given map[string]any) map[string]any) *Error {
	return applyMetadata(c.body, to, apply)
}

func applyMetadata(body map[string]any, to map[string]*map[string]any,
	apply func(old, given map[string]any) map[string]any) *Error {
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

func (c *Clerk) mergeUserMetadata(call *call) (any, *Error) {
	return c.changeUserMetadata(call, merged)
}

func (c *Clerk) replaceUserMetadata(call *call) (any, *Error) {
	return c.changeUserMetadata(call, replaced)
}

func (c *Clerk) changeUserMetadata(call *call, apply func(old, given map[string]any) map[string]any) (any, *Error) {
	user := c.user(call.path[0])
	if user == nil {
		return nil, noUser(call.path[0])
	}
	if failure := call.applyMetadata(user.metadata(), apply); failure != nil {
		return nil, failure
	}
	c.userUpdated(user) // the echo: also when the result is the same as before
	return c.showUser(user), nil
}

func (c *Clerk) mergeOrganizationMetadata(call *call) (any, *Error) {
	return c.changeOrganizationMetadata(call, merged)
}

func (c *Clerk) replaceOrganizationMetadata(call *call) (any, *Error) {
	return c.changeOrganizationMetadata(call, replaced)
}

func (c *Clerk) changeOrganizationMetadata(call *call, apply func(old, given map[string]any) map[string]any) (any,
	*Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, noOrganization()
	}
	if failure := call.applyMetadata(organization.metadata(), apply); failure != nil {
		return nil, failure
	}
	c.organizationUpdated(organization)
	return c.showOrganization(organization, false), nil
}

func (c *Clerk) mergeMembershipMetadata(call *call) (any, *Error) {
	membership, failure := c.membershipAt(call)
	if failure != nil {
		return nil, failure
	}
	if failure := call.applyMetadata(membership.metadata(), merged); failure != nil {
		return nil, failure
	}
	c.membershipUpdated(membership)
	return c.showMembership(membership), nil
}
