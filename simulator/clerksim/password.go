package clerksim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"unicode/utf8"

	"github.com/lockstep-dev/lockstep/simulator/clerksim/api"
)

const (
	minPassword = 8  // characters
	maxPassword = 72 // bytes, the most that bcrypt reads
)

// passwordHash is what the simulator stores of a password. A plain hash is enough
// for test passwords.
func passwordHash(userID, password string) string {
	sum := sha256.Sum256([]byte(userID + "\n" + password))
	return hex.EncodeToString(sum[:])
}

func checkPassword(param, password string, lax bool) *api.Error {
	if len(password) > maxPassword {
		const long = "Your password has exceeded the maximum number of bytes allowed, please shorten it or remove some special characters."
		return api.Unprocessable(param, "form_password_size_in_bytes_exceeded", long, long)
	}
	if !lax && utf8.RuneCountInString(password) < minPassword {
		return api.Unprocessable(param, "form_password_length_too_short", "Passwords must be 8 characters or more.",
			"Passwords must be %d characters or more.", minPassword)
	}
	return nil
}

func (c *Clerk) setPassword(user *User, password string) {
	user.Password, user.PasswordSet = passwordHash(user.ID, password), c.now()
}

func (c *Clerk) verifyPassword(call *api.Call) (any, *api.Error) {
	user := c.user(call.Path[0])
	if user == nil {
		return nil, noUser(call.Path[0])
	}
	if failure := call.Needs("password"); failure != nil {
		return nil, failure
	}
	if user.Password == "" {
		return nil, api.BadRequest("no_password_set", "no password set",
			"This user does not have a password set for their account")
	}
	if subtle.ConstantTimeCompare([]byte(user.Password), []byte(passwordHash(user.ID, call.Text("password")))) != 1 {
		return nil, &api.Error{Status: http.StatusUnprocessableEntity, Code: "incorrect_password", Message: "incorrect password",
			Long: "The provided password is not the one the user has set"}
	}
	return object{"verified": true}, nil
}

// removePassword changes nothing and sends no webhook if there is no password.
func (c *Clerk) removePassword(call *api.Call) (any, *api.Error) {
	user := c.user(call.Path[0])
	if user == nil {
		return nil, noUser(call.Path[0])
	}
	if user.Password != "" {
		user.Password, user.PasswordSet = "", c.now()
		if call.Flag("sign_out_of_other_sessions") {
			c.revokeSessions(user)
		}
		c.userUpdated(user)
	}
	return c.showUser(user), nil
}
