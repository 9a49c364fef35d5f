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

func setFlash(w http.ResponseWriter, f flash) {
	text := f.Text
	if len(text) > longestFlash {
		text = strings.ToValidUTF8(text[:longestFlash], "") + "…"
	}
	if f.Failed {
		text = "!" + text
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Value: base64.RawURLEncoding.EncodeToString([]byte(text)),
		Path:   root,
		MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func takeFlash(w http.ResponseWriter, r *http.Request) *flash {
	cookie, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: root, MaxAge: -1, HttpOnly: true,
		SameSite: http.SameSiteStrictMode})
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(text) == 0 {
		return nil
	}
	said, failed := strings.CutPrefix(string(text), "!")
	return &flash{said, failed}
}
