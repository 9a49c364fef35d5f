package clerksim

import "net/http"

// Whoever is told of a new primary address gets no e-mail here:
// notify_primary_email_address_changed has no visible effect.
var emailRoutes = []route{
	op(http.MethodPost, "/v1/email_addresses", (*Clerk).createAddress).
		takes(fields{"user_id": text, "email_address": text, "verified": flag, "primary": flag,
			"notify_primary_email_address_changed": flag}),
	op(http.MethodGet, "/v1/email_addresses/{}", (*Clerk).retrieveAddress),
	op(http.MethodPatch, "/v1/email_addresses/{}", (*Clerk).updateAddress).
		takes(fields{"verified": flag, "primary": flag, "notify_primary_email_address_changed": flag}),
	op(http.MethodDelete, "/v1/email_addresses/{}", (*Clerk).deleteAddress),
	op(http.MethodPut, "/v1/users/{}/email_address", (*Clerk).replaceAddress).
		takes(fields{"email_address": text, "identification_status": text, "notify_primary_email_address_changed": flag}),
}

func (c *Clerk) createAddress(call *call) (any, *Error) {
	if failure := call.needs("user_id", "email_address"); failure != nil {
		return nil, failure
	}
	user := c.user(call.text("user_id"))
	if user == nil {
		return nil, noUser(call.text("user_id"))
	}
	if failure := c.checkEmail(call.text("email_address"), user); failure != nil {
		return nil, failure
	}
	status := unverified
	if call.flag("verified") {
		status = verified
	} else if call.flag("primary") {
		return nil, primaryUnverified("primary")
	}
	address := c.newAddress(call.text("email_address"), status, byAdmin)
	c.addAddress(user, address, call.flag("primary"))
	c.userUpdated(user)
	return showAddress(&address), nil
}

func primaryUnverified(param string) *Error {
	return unprocessable(param, "form_param_value_invalid", "is invalid",
		"%s must be a verified email address of the user.", param)
}

func (c *Clerk) addressOf(call *call) (*User, *EmailAddress, *Error) {
	user := c.index.userByAddress[call.path[0]]
	if user == nil {
		failure := missing("Resource not found")
		failure.Message = "Resource not found"
		return nil, nil, failure
	}
	return user, user.addressByID(call.path[0]), nil
}

func (c *Clerk) retrieveAddress(call *call) (any, *Error) {
	_, address, failure := c.addressOf(call)
	if failure != nil {
		return nil, failure
	}
	return showAddress(address), nil
}

// updateAddress can also take a verification back, but not the primary one's.
func (c *Clerk) updateAddress(call *call) (any, *Error) {
	user, address, failure := c.addressOf(call)
	if failure != nil {
		return nil, failure
	}
	verify, primary := address.Verified, address.ID == user.EmailID || call.flag("primary")
	if call.body["verified"] != nil {
		verify = call.flag("verified")
	}
	if primary && !verify && (call.flag("primary") || address.Verified) {
		return nil, primaryUnverified("primary")
	}
	if verify && !address.Verified {
		if other := c.claimant(address.Address); other != nil && other != user {
			return nil, taken("verified", "email address")
		}
		address.Strategy, address.Reserved = byAdmin, false
	}
	address.Verified, address.UpdatedAt = verify, c.now()
	if call.flag("primary") {
		user.setPrimary(address.ID)
	}
	c.userUpdated(user)
	return showAddress(address), nil
}

func (c *Clerk) deleteAddress(call *call) (any, *Error) {
	user, address, failure := c.addressOf(call)
	if failure != nil {
		return nil, failure
	}
	id := address.ID
	c.removeAddress(user, id)
	c.userUpdated(user)
	return object{"object": "email_address", "id": id, "deleted": true}, nil
}

func (c *Clerk) replaceAddress(call *call) (any, *Error) {
	user := c.user(call.path[0])
	if user == nil {
		return nil, noUser(call.path[0])
	}
	if failure := call.needs("email_address"); failure != nil {
		return nil, failure
	}
	given := call.text("email_address")
	if other := c.claimant(given); other != user {
		if failure := c.checkEmail(given, nil); failure != nil {
			return nil, failure
		}
	}
	status := addressStatus(call.text("identification_status"))
	switch status {
	case "":
		status = verified
	case verified, reserved, unverified:
	default:
		return nil, invalidValue("identification_status", string(status))
	}
	address := c.newAddress(given, status, byAdmin)
	c.replaceAddresses(user, address)
	c.userUpdated(user)
	return showAddress(&address), nil
}
