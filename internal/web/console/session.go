package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/lockstep-dev/lockstep"
)

// The cookie of a session. Browsers accept the prefix __Host- only over HTTPS, from the host itself, for all
// paths. Over plain HTTP on this machine, where some browsers refuse secure cookies, the name has no prefix.
const (
	secureCookie   = "__Host-lockstep-console"
	loopbackCookie = "lockstep-console"
)

// sessionFor is how long a session lasts. One from Clerk is shorter: its user may lose the role meanwhile.
const (
	sessionFor      = 12 * time.Hour
	clerkSessionFor = time.Hour
)

// session is a signed-in person.
type session struct {
	Name   string
	Role   lockstep.ConsoleRole
	Until  time.Time
	secret string
}

// Operator reports whether the person may act.
func (s session) Operator() bool { return s.Role == lockstep.ConsoleOperator }

// Token is the secret in the session's forms. Other sites cannot know it.
func (s session) Token() string {
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write([]byte("form of the console"))
	return hex.EncodeToString(mac.Sum(nil))
}

// genuine reports whether a form has the session's token.
func (s session) genuine(r *http.Request) bool {
	return hmac.Equal([]byte(r.PostFormValue("token")), []byte(s.Token()))
}

// session returns the session of a request, or ErrNotFound.
func (s *Console) session(r *http.Request) (session, error) {
	secret := secretOf(r)
	if secret == "" {
		return session{}, lockstep.ErrNotFound
	}
	pass, err := s.Store.ConsolePass(r.Context(), lockstep.HashConsolePass(secret))
	if err != nil {
		return session{}, err
	}
	if pass.Once || pass.Role.Scopes() == 0 { // a link is not a session
		return session{}, lockstep.ErrNotFound
	}
	return session{pass.Name, pass.Role, pass.ExpiresAt, secret}, nil
}

func secretOf(r *http.Request) string {
	if cookie, err := r.Cookie(secureCookie); err == nil {
		return cookie.Value
	}
	if cookie, err := r.Cookie(loopbackCookie); err == nil && isLoopback(r.Host) {
		return cookie.Value
	}
	return ""
}

// begin starts a session and sets its cookie.
func (s *Console) begin(w http.ResponseWriter, r *http.Request, name string, role lockstep.ConsoleRole,
	lasts time.Duration) error {
	secret := rand.Text() + rand.Text()
	err := s.Store.CreateConsolePass(r.Context(), lockstep.ConsolePass{Hash: lockstep.HashConsolePass(secret), Name: name,
		Role: role, ExpiresAt: time.Now().Add(lasts)})
	if err != nil {
		return err
	}
	http.SetCookie(w, cookieFor(r, secret, int(lasts.Seconds())))
	return nil
}

// end ends the session of a request, if it has one, and deletes its cookie.
func (s *Console) end(w http.ResponseWriter, r *http.Request) error {
	if secret := secretOf(r); secret != "" {
		_, err := s.Store.TakeConsolePass(r.Context(), lockstep.HashConsolePass(secret))
		if err != nil && !errors.Is(err, lockstep.ErrNotFound) {
			return err
		}
	}
	http.SetCookie(w, cookieFor(r, "", -1))
	return nil
}

func cookieFor(r *http.Request, secret string, seconds int) *http.Cookie {
	c := &http.Cookie{Name: secureCookie, Value: secret, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: true,
		SameSite: http.SameSiteStrictMode}
	if plain(r) {
		c.Name, c.Secure = loopbackCookie, false
	}
	return c
}

// plain reports whether the browser speaks plain HTTP with this machine. The origin of its form says so: a
// proxy may speak plain HTTP with us for a browser that does not.
func plain(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && origin.Scheme == "http" && isLoopback(origin.Host) && isLoopback(r.Host)
}

func isLoopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
