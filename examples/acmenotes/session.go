package acmenotes

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

const (
	cookieName = "acme_session"
	stateName  = "acme_state"
)

// signIn accepts the session from Clerk's pages. Clerk signs the token; we keep only its session id, in a
// cookie that we sign.
//
// The state proves that this browser asked to sign in. Without it, an attacker's link could sign others in
// to the attacker's account, for which they would then pay.
func (a *App) signIn(w http.ResponseWriter, r *http.Request, token string) {
	state, err := r.Cookie(stateName)
	if err != nil || state.Value == "" || !hmac.Equal([]byte(state.Value), []byte(r.URL.Query().Get("state"))) {
		a.fail(w, "sign-in", errors.New("state: this browser did not ask to sign in"))
		return
	}
	session, err := a.Sessions.Verify(r.Context(), token)
	if err != nil {
		a.fail(w, "sign-in", err)
		return
	}
	a.setCookie(w, cookieName, session.SessionID+"."+a.seal(session.SessionID))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// state returns the value with which a browser returns from signing in.
func (a *App) state(w http.ResponseWriter, r *http.Request) string {
	if known, err := r.Cookie(stateName); err == nil && known.Value != "" {
		return url.QueryEscape(known.Value)
	}
	state := rand.Text()
	a.setCookie(w, stateName, state)
	return state
}

func (a *App) setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(a.URL, "https://"), MaxAge: 7 * 24 * 3600})
}

// signOut ends the session at Clerk too. Otherwise Clerk's pages would sign the same user in again without
// asking.
func (a *App) signOut(w http.ResponseWriter, r *http.Request) {
	if id := a.sessionID(r); id != "" {
		if err := a.endSession(r.Context(), id); err != nil {
			a.Log.Warn("session not revoked at Clerk", "error", err)
		}
	}
	clearCookie(w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func clearCookie(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1})
}

// sessionID returns the id of the browser's Clerk session; empty without a cookie that we signed.
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
