package console

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// flash is the result of an action, which the next page shows once. It travels in a cookie, and templates
// escape it like everything else.
type flash struct {
	Text   string
	Failed bool
}

const flashCookie = "lockstep-said"

// longestFlash keeps the cookie below what browsers accept.
const longestFlash = 2000

func setFlash(w http.ResponseWriter, r *http.Request, f flash) {
	text := f.Text
	if len(text) > longestFlash {
		text = strings.ToValidUTF8(text[:longestFlash], "") + "…"
	}
	if f.Failed {
		text = "!" + text
	}
	http.SetCookie(w, flashFor(r, base64.RawURLEncoding.EncodeToString([]byte(text)), 60))
}

func takeFlash(w http.ResponseWriter, r *http.Request) *flash {
	cookie, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(w, flashFor(r, "", -1))
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(text) == 0 {
		return nil
	}
	said, failed := strings.CutPrefix(string(text), "!")
	return &flash{said, failed}
}

// flashFor returns the cookie. It is as secure as the session's own, see [cookieFor].
func flashFor(r *http.Request, value string, seconds int) *http.Cookie {
	_, err := r.Cookie(secureCookie)
	return &http.Cookie{Name: flashCookie, Value: value, Path: root, MaxAge: seconds, HttpOnly: true, Secure: err == nil,
		SameSite: http.SameSiteStrictMode}
}
