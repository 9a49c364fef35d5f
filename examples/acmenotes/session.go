package acmenotes

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

const cookieName = "acme_session"

// signIn takes over the session that Clerk's pages hand over. The token is signed
// by Clerk; only its session id is kept, in a cookie that we sign.
func (a *App) signIn(w http.ResponseWriter, r *http.Request, token string) {
	session, err := a.Sessions.Verify(r.Context(), token)
	if err != nil {
		a.fail(w, "sign you in", err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: session.SessionID + "." + a.seal(session.SessionID),
		Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 7 * 24 * 3600})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *App) signOut(w http.ResponseWriter, r *http.Request) {
	clearCookie(w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func clearCookie(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1})
}

// sessionID is the Clerk session of the browser; empty if it has none of ours.
func (a *App) sessionID(r *http.Request) string {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return ""
	}
	id, seal, _ := strings.Cut(cookie.Value, ".")
	if !hmac.Equal([]byte(seal), []byte(a.seal(id))) {
		return ""
	}
	return id
}

func (a *App) seal(id string) string {
	mac := hmac.New(sha256.New, []byte("acme notes cookie "+a.ClerkKey.Reveal()))
	mac.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
