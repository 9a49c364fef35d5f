package clerksim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var shortcode = regexp.MustCompile(`\{\{([^{}]*)\}\}`)

// claim fills a template. A text that is one shortcode keeps the JSON type of
// its value, and null where there is none; shortcodes inside other text are
// filled in as text, where nothing reads null. Objects and lists are filled in
// at every level.
func claim(template any, user *User, organization *Organization) any {
	switch given := template.(type) {
	case string:
		return fill(given, user, organization)
	case map[string]any:
		filled := make(map[string]any, len(given))
		for name, value := range given {
			filled[name] = claim(value, user, organization)
		}
		return filled
	case []any:
		filled := make([]any, 0, len(given))
		for _, value := range given {
			filled = append(filled, claim(value, user, organization))
		}
		return filled
	}
	return template
}

func fill(template string, user *User, organization *Organization) any {
	if match := shortcode.FindStringSubmatch(template); match != nil && match[0] == strings.TrimSpace(template) {
		return evaluate(match[1], user, organization)
	}
	return shortcode.ReplaceAllStringFunc(template, func(code string) string {
		switch value := evaluate(shortcode.FindStringSubmatch(code)[1], user, organization).(type) {
		case string:
			return value
		default:
			return string(encode(value))
		}
	})
}

// evaluate returns the first operand of a || b || c that is neither null nor
// false, else the last.
func evaluate(expression string, user *User, organization *Organization) any {
	var value any
	for operand := range strings.SplitSeq(expression, "||") {
		value = operandValue(strings.TrimSpace(operand), user, organization)
		if value != nil && value != false {
			return value
		}
	}
	return value
}

// operandValue is a literal ('text', number, true, false) or a shortcode.
func operandValue(operand string, user *User, organization *Organization) any {
	if literal, ok := strings.CutPrefix(operand, "'"); ok {
		return strings.TrimSuffix(literal, "'")
	}
	var literal any
	if err := json.Unmarshal([]byte(operand), &literal); err == nil {
		switch literal.(type) {
		case float64, bool:
			return literal
		}
	}
	return lookup(operand, user, organization)
}

func lookup(path string, user *User, organization *Organization) any {
	root := map[string]any{"user": map[string]any{
		"id": user.ID, "external_id": orNull(user.ExternalID), "first_name": orNull(user.FirstName),
		"last_name": orNull(user.LastName),
		"full_name": orNull(user.fullName()), "primary_email_address": orNull(user.Email), "email_verified": user.verified(),
		"primary_phone_number": orNull(user.primaryPhone()), "phone_number_verified": user.primaryPhone() != "",
		"two_factor_enabled": false, "image_url": image, "has_image": false,
		"username": orNull(user.Username), "created_at": user.CreatedAt.Unix(), "updated_at": user.UpdatedAt.Unix(),
		"last_sign_in_at": seconds(user), "public_metadata": user.Public, "unsafe_metadata": user.Unsafe,
	}}
	if organization != nil {
		root["org"] = map[string]any{"id": organization.ID, "name": organization.Name, "slug": organization.Slug,
			"image_url": image, "has_image": false,
			"public_metadata": organization.Public}
	}
	var at any = root
	for field := range strings.SplitSeq(path, ".") {
		level, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = level[field]
	}
	return at
}

func seconds(user *User) any {
	if user.LastSignIn.IsZero() {
		return nil
	}
	return user.LastSignIn.Unix()
}

// verified says whether the primary address is.
func (u *User) verified() bool {
	primary := u.addressByID(u.EmailID)
	return primary != nil && primary.Verified
}

// reservedClaims are those no template may hold.
var reservedClaims = []string{"azp", "exp", "iat", "iss", "jti", "nbf", "sid", "sub", "v", "pla", "fea", "sts", "fva",
	"o", "act"}

// checkClaims refuses a template with a reserved claim.
func checkClaims(claims map[string]any) *Error {
	for name := range sorted(claims) {
		if slices.Contains(reservedClaims, name) {
			failure := badRequest("jwt_template_reserved_claim", "reserved claim used",
				"You can't use the reserved claim: '%s'", name)
			failure.Param = "claims"
			return failure
		}
	}
	return nil
}

// CheckClaims reports a reserved claim in the claims of session tokens.
func CheckClaims(claims map[string]string) error {
	for name := range sorted(claims) {
		if slices.Contains(reservedClaims, name) {
			return fmt.Errorf("session claim %q is reserved: every token has its own", name)
		}
	}
	return nil
}
