package clerksim

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

// PhoneNumber is one phone number of a user, in the form +15550100.
type PhoneNumber struct {
	ID        string    `json:"id"`
	Number    string    `json:"phone_number"`
	Verified  bool      `json:"verified"`
	Reserved  bool      `json:"reserved"` // unverified, but not available to other users
	Strategy  string    `json:"strategy"` // how it was verified: admin, phone_code
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// byPhoneCode is the strategy of a number that its user verified.
const byPhoneCode = "phone_code"

// The simulator sends no codes, so prepare_verification and attempt_verification
// are missing. reserved_for_second_factor is not enabled.
var phoneRoutes = []route{
	api.Op(http.MethodPost, "/v1/phone_numbers", (*Clerk).createPhone).Takes(api.Fields{"user_id": api.Text,
		"phone_number": api.Text, "verified": api.Flag, "primary": api.Flag}),
	api.Op(http.MethodGet, "/v1/phone_numbers/{}", (*Clerk).retrievePhone),
	api.Op(http.MethodPatch, "/v1/phone_numbers/{}", (*Clerk).updatePhone).Takes(api.Fields{"verified": api.Flag, "primary": api.Flag}),
	api.Op(http.MethodDelete, "/v1/phone_numbers/{}", (*Clerk).deletePhone),
}

var phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)

func (c *Clerk) newPhone(number string, status addressStatus, strategy string) PhoneNumber {
	return PhoneNumber{ID: c.world.NewID("idn_2", 26), Number: number, Verified: status == verified,
		Reserved: status == reserved, Strategy: strategy,
		CreatedAt: c.now(), UpdatedAt: c.now()}
}

// checkPhone refuses a number that is malformed or that a user claims.
func (c *Clerk) checkPhone(number string) *api.Error {
	if !phoneForm.MatchString(number) {
		return api.Unprocessable("phone_number", "form_param_format_invalid", "is invalid",
			"phone_number must be a valid phone number according to E.164 international standard.")
	}
	if c.phoneClaimant(number) != nil {
		return api.Taken("phone_number", "phone number")
	}
	return nil
}

// phoneClaimant returns the user who signs in with a number, or nil.
func (c *Clerk) phoneClaimant(number string) *User {
	for _, holder := range c.index.usersByPhone[number] {
		if phone := holder.phone(func(p *PhoneNumber) bool { return p.Number == number }); phone.Verified || phone.Reserved {
			return holder
		}
	}
	return nil
}

func (u *User) phone(match func(*PhoneNumber) bool) *PhoneNumber {
	for i := range u.Phones {
		if match(&u.Phones[i]) {
			return &u.Phones[i]
		}
	}
	return nil
}

// primaryPhone returns the primary number, or "".
func (u *User) primaryPhone() string {
	if phone := u.phone(func(p *PhoneNumber) bool { return p.ID == u.PhoneID }); phone != nil {
		return phone.Number
	}
	return ""
}

// phoneNumbers returns all numbers of a user.
func (u *User) phoneNumbers() []string {
	var all []string
	for _, phone := range u.Phones {
		all = append(all, phone.Number)
	}
	return all
}

// readPhones adds the numbers in a request to a new user.
func (c *Clerk) readPhones(call *api.Call, fresh *User) *api.Error {
	const field = "phone_number_identification_status"
	statuses, numbers := call.Texts(field), call.Texts("phone_number")
	if len(statuses) > 0 && len(statuses) != len(numbers) {
		return api.Unprocessable(field, "form_param_value_invalid", "is invalid", "%s must contain one item per phone number.",
			field)
	}
	for i, number := range numbers {
		if failure := c.checkPhone(number); failure != nil {
			return failure
		}
		if slices.Contains(fresh.phoneNumbers(), number) {
			return api.Unprocessable("phone_number", "form_param_duplicate", "is duplicate",
				"phone_number included multiple times. There should only be one.")
		}
		status := verified
		if len(statuses) > 0 {
			if status = addressStatus(statuses[i]); status != verified && status != reserved {
				return api.InvalidValue(field, statuses[i])
			}
		}
		fresh.Phones = append(fresh.Phones, c.newPhone(number, status, byAdmin))
	}
	return nil
}

func (c *Clerk) createPhone(call *api.Call) (any, *api.Error) {
	if failure := call.Needs("user_id", "phone_number"); failure != nil {
		return nil, failure
	}
	user := c.user(call.Text("user_id"))
	if user == nil {
		return nil, noUser(call.Text("user_id"))
	}
	if failure := c.checkPhone(call.Text("phone_number")); failure != nil {
		return nil, failure
	}
	status := unverified
	if call.Flag("verified") {
		status = verified
	} else if call.Flag("primary") {
		return nil, primaryUnverified("primary")
	}
	phone := c.newPhone(call.Text("phone_number"), status, byAdmin)
	c.index.removeUser(user)
	user.Phones = append(user.Phones, phone)
	if call.Flag("primary") || user.PhoneID == "" {
		user.PhoneID = phone.ID
	}
	c.index.addUser(user)
	c.userUpdated(user)
	return showPhone(&phone), nil
}

func (c *Clerk) phoneOf(call *api.Call) (*User, *PhoneNumber, *api.Error) {
	user := c.index.userByPhoneID[call.Path[0]]
	if user == nil {
		return nil, nil, noIdentifier()
	}
	return user, user.phone(func(p *PhoneNumber) bool { return p.ID == call.Path[0] }), nil
}

func (c *Clerk) retrievePhone(call *api.Call) (any, *api.Error) {
	_, phone, failure := c.phoneOf(call)
	if failure != nil {
		return nil, failure
	}
	return showPhone(phone), nil
}

func (c *Clerk) updatePhone(call *api.Call) (any, *api.Error) {
	user, phone, failure := c.phoneOf(call)
	if failure != nil {
		return nil, failure
	}
	verify := phone.Verified
	if call.Body["verified"] != nil {
		verify = call.Flag("verified")
	}
	if call.Flag("primary") && !verify {
		return nil, primaryUnverified("primary")
	}
	if verify && !phone.Verified {
		if other := c.phoneClaimant(phone.Number); other != nil && other != user {
			return nil, api.Taken("verified", "phone number")
		}
		phone.Strategy, phone.Reserved = byAdmin, false
	}
	phone.Verified, phone.UpdatedAt = verify, c.now()
	if call.Flag("primary") {
		user.PhoneID = phone.ID
	}
	c.userUpdated(user)
	return showPhone(phone), nil
}

func (c *Clerk) deletePhone(call *api.Call) (any, *api.Error) {
	user, phone, failure := c.phoneOf(call)
	if failure != nil {
		return nil, failure
	}
	id := phone.ID
	c.index.removeUser(user)
	user.Phones = slices.DeleteFunc(slices.Clone(user.Phones), func(p PhoneNumber) bool { return p.ID == id })
	if user.PhoneID == id {
		user.PhoneID = ""
		if next := user.phone(func(p *PhoneNumber) bool { return p.Verified }); next != nil {
			user.PhoneID = next.ID
		}
	}
	c.index.addUser(user)
	c.userUpdated(user)
	return object{"object": "phone_number", "id": id, "deleted": true}, nil
}

func showPhone(p *PhoneNumber) object {
	var verification any
	if p.Verified {
		shown := object{"object": "verification_admin", "status": "verified",
			"strategy": cmp.Or(p.Strategy, byAdmin), "attempts": nil, "expire_at": nil}
		if p.Strategy == byPhoneCode {
			shown["object"], shown["attempts"], shown["expire_at"] = "verification_otp", 1,
				p.CreatedAt.Add(codeLifetime).UnixMilli()
		}
		verification = shown
	}
	return object{"id": p.ID, "object": "phone_number", "phone_number": p.Number,
		"reserved_for_second_factor": false, "default_second_factor": false, "reserved": p.Reserved,
		"verification": verification, "linked_to": []any{}, "backup_codes": nil,
		"created_at": p.CreatedAt.UnixMilli(), "updated_at": p.UpdatedAt.UnixMilli()}
}
