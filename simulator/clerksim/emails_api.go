package clerksim

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// The simulator sends no e-mail, so notify_primary_email_address_changed has no
// visible effect.
var emailRoutes = []route{
	api.Op(http.MethodPost, "/v1/email_addresses", (*Clerk).createAddress).
		Takes(api.Fields{"user_id": api.Text, "email_address": api.Text, "verified": api.Flag,
			"primary": api.Flag, "notify_primary_email_address_changed": api.Flag}),
	api.Op(http.MethodGet, "/v1/email_addresses/{}", (*Clerk).retrieveAddress),
	api.Op(http.MethodPatch, "/v1/email_addresses/{}", (*Clerk).updateAddress).
		Takes(api.Fields{"verified": api.Flag, "primary": api.Flag, "notify_primary_email_address_changed": api.Flag}),
	api.Op(http.MethodDelete, "/v1/email_addresses/{}", (*Clerk).deleteAddress),
	api.Op(http.MethodPut, "/v1/users/{}/email_address", (*Clerk).replaceAddress).
		Takes(api.Fields{"email_address": api.Text, "identification_status": api.Text, "notify_primary_email_address_changed": api.Flag}),
}

// readEmails adds the addresses in a request to a new user.
func (c *Clerk) readEmails(call *api.Call, fresh *User) *api.Error {
	const field = "email_address_identification_status"
	statuses, emails := call.Texts(field), call.Texts("email_address")
	if len(statuses) > 0 && len(statuses) != len(emails) {
		return api.Unprocessable(field, "form_param_value_invalid", "is invalid",
			"%s must contain one item per email address.", field)
	}
	for i, email := range emails {
		if failure := c.checkEmail(email, nil); failure != nil {
			return failure
		}
		if fresh.address(func(a *EmailAddress) bool { return strings.EqualFold(a.Address, email) }) != nil {
			return api.Unprocessable("email_address", "form_param_duplicate", "is duplicate",
				"email_address included multiple times. There should only be one.")
		}
		status := verified
		if len(statuses) > 0 {
			if status = addressStatus(statuses[i]); status != verified && status != reserved {
				return api.InvalidValue(field, statuses[i])
			}
		}
		fresh.Addresses = append(fresh.Addresses, c.newAddress(email, status, byAdmin))
	}
	return nil
}

func (c *Clerk) createAddress(call *api.Call) (any, *api.Error) {
	if failure := call.Needs("user_id", "email_address"); failure != nil {
		return nil, failure
	}
	user := c.user(call.Text("user_id"))
	if user == nil {
		return nil, noUser(call.Text("user_id"))
	}
	if failure := c.checkEmail(call.Text("email_address"), user); failure != nil {
		return nil, failure
	}
	status := unverified
	if call.Flag("verified") {
		status = verified
	} else if call.Flag("primary") {
		return nil, primaryUnverified("primary")
	}
	address := c.newAddress(call.Text("email_address"), status, byAdmin)
	c.addAddress(user, address, call.Flag("primary"))
	c.userUpdated(user)
	return showAddress(&address), nil
}

func primaryUnverified(param string) *api.Error {
	return api.Unprocessable(param, "form_param_value_invalid", "is invalid",
		"%s must be a verified email address of the user.", param)
}

func (c *Clerk) addressOf(call *api.Call) (*User, *EmailAddress, *api.Error) {
	user := c.index.userByAddress[call.Path[0]]
	if user == nil {
		return nil, nil, noIdentifier()
	}
	return user, user.addressByID(call.Path[0]), nil
}

func (c *Clerk) retrieveAddress(call *api.Call) (any, *api.Error) {
	_, address, failure := c.addressOf(call)
	if failure != nil {
		return nil, failure
	}
	return showAddress(address), nil
}

// updateAddress can also undo a verification, except that of the primary address.
func (c *Clerk) updateAddress(call *api.Call) (any, *api.Error) {
	user, address, failure := c.addressOf(call)
	if failure != nil {
		return nil, failure
	}
	verify, primary := address.Verified, address.ID == user.EmailID || call.Flag("primary")
	if call.Body["verified"] != nil {
		verify = call.Flag("verified")
	}
	if primary && !verify && (call.Flag("primary") || address.Verified) {
		return nil, primaryUnverified("primary")
	}
	if verify && !address.Verified {
		if other := c.claimant(address.Address); other != nil && other != user {
			return nil, api.Taken("verified", "email address")
		}
		address.Strategy, address.Reserved = byAdmin, false
	}
	address.Verified, address.UpdatedAt = verify, c.now()
	if call.Flag("primary") {
		user.setPrimary(address.ID)
	}
	c.userUpdated(user)
	return showAddress(address), nil
}

func (c *Clerk) deleteAddress(call *api.Call) (any, *api.Error) {
	user, address, failure := c.addressOf(call)
	if failure != nil {
		return nil, failure
	}
	id := address.ID
	c.removeAddress(user, id)
	c.userUpdated(user)
	return object{"object": "email_address", "id": id, "deleted": true}, nil
}

func (c *Clerk) replaceAddress(call *api.Call) (any, *api.Error) {
	user := c.user(call.Path[0])
	if user == nil {
		return nil, noUser(call.Path[0])
	}
	if failure := call.Needs("email_address"); failure != nil {
		return nil, failure
	}
	given := call.Text("email_address")
	if other := c.claimant(given); other != user {
		if failure := c.checkEmail(given, nil); failure != nil {
			return nil, failure
		}
	}
	status := addressStatus(call.Text("identification_status"))
	switch status {
	case "":
		status = verified
	case verified, reserved, unverified:
	default:
		return nil, api.InvalidValue("identification_status", string(status))
	}
	address := c.newAddress(given, status, byAdmin)
	c.replaceAddresses(user, address)
	c.userUpdated(user)
	return showAddress(&address), nil
}
