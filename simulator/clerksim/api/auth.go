package api

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/simulator/wire"
)

// LiveKey reports whether a secret key belongs to a production instance.
func LiveKey(key string) bool { return strings.HasPrefix(key, "sk_live_") }

// Authenticate refuses a request that does not carry the secret key.
func Authenticate(request *wire.Request, secret string) *Error {
	header := request.Header.Get("Authorization")
	key, bearer := strings.CutPrefix(header, "Bearer ")
	const invalid = "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct."
	switch {
	case header == "":
		return unauthorized("authentication_invalid", "Invalid authentication",
			"Unable to authenticate the request, you need to supply an active session")
	case !bearer:
		return unauthorized("authorization_header_format_invalid", "Invalid Authorization header format",
			"Invalid Authorization header format. Must be 'Bearer <YOUR_API_KEY>'")
	case LiveKey(key):
		return unauthorized("clerk_key_invalid", invalid, "This is a simulator and refuses live keys. "+
			"Use the simulator's test key. Roll the live key if it was not meant to leave its server.")
	case key != secret:
		return unauthorized("clerk_key_invalid", invalid, "")
	}
	return nil
}

func unauthorized(code, message, long string) *Error {
	return &Error{Status: http.StatusUnauthorized, Code: code, Message: message, Long: long}
}
