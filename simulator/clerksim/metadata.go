package clerksim

import (
	"maps"
	"slices"
)

// maxMetadata is the size of one metadata object, as JSON.
const maxMetadata = 8 << 10

func checkSize(name string, metadata map[string]any) *Error {
	if size := len(encode(metadata)); size > maxMetadata {
		return unprocessable("form_param_value_too_large", "%s is %d bytes; it must not be larger than 8KB.", name, size)
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

func replaced(_, given map[string]any) map[string]any { return merged(nil, given) }

// applyMetadata changes each sent field, or none if one is refused.
func (c *call) applyMetadata(fields map[string]*map[string]any, apply func(old, given map[string]any) map[string]any) *Error {
	results := map[string]map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		to := fields[name]
		given, failure := c.metadata(name)
		if failure != nil {
			return failure
		}
		if given == nil {
			continue
		}
		results[name] = apply(*to, given)
		if failure := checkSize(name, results[name]); failure != nil {
			return failure
		}
	}
	for name, result := range results {
		*fields[name] = result
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
		return nil, notFound("user", call.path[0])
	}
	if failure := call.accept("public_metadata", "private_metadata", "unsafe_metadata"); failure != nil {
		return nil, failure
	}
	if failure := c.limited("user", user.ID); failure != nil {
		return nil, failure
	}
	fields := map[string]*map[string]any{"public_metadata": &user.Public, "private_metadata": &user.Private, "unsafe_metadata": &user.Unsafe}
	if failure := call.applyMetadata(fields, apply); failure != nil {
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

func (c *Clerk) changeOrganizationMetadata(call *call, apply func(old, given map[string]any) map[string]any) (any, *Error) {
	organization := c.organization(call.path[0])
	if organization == nil {
		return nil, notFound("organization", call.path[0])
	}
	if failure := call.accept("public_metadata", "private_metadata"); failure != nil {
		return nil, failure
	}
	if failure := c.limited("organization", organization.ID); failure != nil {
		return nil, failure
	}
	fields := map[string]*map[string]any{"public_metadata": &organization.Public, "private_metadata": &organization.Private}
	if failure := call.applyMetadata(fields, apply); failure != nil {
		return nil, failure
	}
	c.organizationUpdated(organization)
	return c.showOrganization(organization), nil
}
