package clerkdirectory

import (
	"crypto/hmac"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/out/standardwebhooks"
	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// DefaultTolerance is how far a webhook's timestamp may be from our clock, in either
// direction. The libraries of Svix and of Standard Webhooks use the same.
const DefaultTolerance = 5 * time.Minute

// Errors of [Verify], [Sign] and [CheckSecret].
var (
	// ErrNoSecret means that there is no secret, or an empty one. The libraries of
	// Svix and of Standard Webhooks accept an empty secret, with which anyone can sign.
	ErrNoSecret = errors.New("clerk signature: no signing secret")
	// ErrBadSecret means that a secret is not base64, with or without whsec_ before it.
	ErrBadSecret = errors.New("clerk signature: malformed signing secret")
	// ErrNoSignature means that there is no signature of version v1.
	ErrNoSignature = errors.New("clerk signature: not signed")
	// ErrBadHeader means that the id, the timestamp or the signature header is missing
	// or malformed.
	ErrBadHeader = errors.New("clerk signature: malformed header")
	// ErrBadSignature means that no signature matches any of the secrets.
	ErrBadSignature = errors.New("clerk signature: does not match")
	// ErrTooOld means that the signature is valid, but older than the tolerance.
	ErrTooOld = errors.New("clerk signature: too old")
	// ErrTooNew means that the signature is valid, but its time is further in the
	// future than the tolerance.
	ErrTooNew = errors.New("clerk signature: from the future")
)

// window checks a signature's time for [Verify].
var window = upstream.Window{Tolerance: DefaultTolerance, Malformed: ErrBadHeader, TooOld: ErrTooOld, TooNew: ErrTooNew}

// Verify checks that Svix, which sends Clerk's webhooks, signed the body with one of the
// secrets within the tolerance around now. It returns nil or one of the errors above.
// body is the raw body of the request. There are several secrets if there are several
// endpoints, or during a rotation. A tolerance of zero or less means
// [DefaultTolerance]; it cannot be turned off.
//
// The rule is that of https://docs.svix.com/receiving/verifying-payloads/how-manual.
// The headers are svix-id, svix-timestamp and svix-signature. Without svix-id they are
// webhook-id and so on, as in Standard Webhooks.
func Verify(header http.Header, body []byte, secrets []lockstep.Secret, now time.Time, tolerance time.Duration) error {
	keys, err := signingKeys(secrets)
	if err != nil {
		return err
	}
	d, err := parseDelivery(header)
	if err != nil {
		return err
	}
	matches := false
	for _, key := range keys {
		want := []byte(standardwebhooks.Signature(key, d.id, d.signed, body))
		for _, got := range d.signatures {
			matches = hmac.Equal(want, []byte(got)) || matches
		}
	}
	if !matches {
		return ErrBadSignature
	}
	return window.Check(d.signed, now, tolerance)
}

// Plausible checks only the form of the headers and the time, before the body arrives.
// It does not check the signature. Errors: those of [Verify].
func Plausible(header http.Header, now time.Time, tolerance time.Duration) error {
	d, err := parseDelivery(header)
	if err != nil {
		return err
	}
	return window.Check(d.signed, now, tolerance)
}

// Sign returns headers with which [Verify] accepts body under id at time t. Errors:
// [ErrNoSecret], [ErrBadSecret].
func Sign(id string, body []byte, secret lockstep.Secret, t time.Time) (http.Header, error) {
	key, err := signingKey(secret)
	if err != nil {
		return nil, err
	}
	signed := strconv.FormatInt(t.Unix(), 10)
	header := http.Header{}
	header.Set("svix-id", id)
	header.Set("svix-timestamp", signed)
	header.Set("svix-signature", "v1,"+standardwebhooks.Signature(key, id, signed, body))
	return header, nil
}

// CheckSecret checks that [Verify] can use a secret. It returns [ErrNoSecret] if it is
// empty and [ErrBadSecret] if it is not base64.
func CheckSecret(secret lockstep.Secret) error {
	_, err := signingKey(secret)
	return err
}

func signingKey(secret lockstep.Secret) ([]byte, error) {
	key, err := standardwebhooks.Key(secret)
	switch {
	case errors.Is(err, standardwebhooks.ErrNoSecret):
		return nil, ErrNoSecret
	case err != nil:
		return nil, ErrBadSecret
	}
	return key, nil
}

func signingKeys(secrets []lockstep.Secret) ([][]byte, error) {
	var keys [][]byte
	for _, s := range secrets {
		key, err := signingKey(s)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, ErrNoSecret
	}
	return keys, nil
}
