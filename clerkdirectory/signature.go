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

// DefaultTolerance is how far a delivery's time may be from ours, either way; the
// libraries of Svix and of Standard Webhooks use it.
const DefaultTolerance = 5 * time.Minute

// Errors of [Verify], [Sign] and [CheckSecret].
var (
	// ErrNoSecret: no secret was given, or an empty one. The libraries of Svix and
	// of Standard Webhooks accept what is signed with an empty secret, which
	// anybody can do.
	ErrNoSecret = errors.New("clerk signature: there is no secret to verify with")
	// ErrBadSecret: a secret is not base64, with or without whsec_ before it.
	ErrBadSecret = errors.New("clerk signature: the secret is malformed")
	// ErrNoSignature: there is no signature header, or none of its signatures is of
	// version v1.
	ErrNoSignature = errors.New("clerk signature: not signed")
	// ErrBadHeader: the id or the time is missing or malformed.
	ErrBadHeader = errors.New("clerk signature: malformed header")
	// ErrBadSignature: none of the signatures is of this delivery by any of the
	// secrets.
	ErrBadSignature = errors.New("clerk signature: does not match")
	// ErrTooOld: signed by Clerk, but longer ago than the tolerance.
	ErrTooOld = errors.New("clerk signature: too old")
	// ErrTooNew: signed by Clerk for a time further ahead than the tolerance.
	ErrTooNew = errors.New("clerk signature: from the future")
)

// window is what [Verify] says of a signature's time.
var window = upstream.Window{Tolerance: DefaultTolerance, Malformed: ErrBadHeader, TooOld: ErrTooOld, TooNew: ErrTooNew}

// Verify reports whether Clerk's sender, Svix, signed this delivery with one of
// the secrets at about now. Body is the raw bytes of the request. Several secrets
// are those of several endpoints, or the old and the new one while a secret is
// rotated. A tolerance of zero or less is [DefaultTolerance]; it cannot be
// switched off.
//
// The rule is that of https://docs.svix.com/receiving/verifying-payloads/how-manual.
// The headers are svix-id, svix-timestamp and svix-signature, or where there is
// no svix-id, webhook-id and so on, as Standard Webhooks has them.
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

// Plausible reports, before the body is there, whether the headers could be those of a delivery
// that Clerk signed at about now. It says nothing of who signed.
func Plausible(header http.Header, now time.Time, tolerance time.Duration) error {
	d, err := parseDelivery(header)
	if err != nil {
		return err
	}
	return window.Check(d.signed, now, tolerance)
}

// Sign returns the headers that make [Verify] accept body under id at t, or
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

// CheckSecret reports whether a secret is one that [Verify] can use: [ErrNoSecret]
// where it is empty, [ErrBadSecret] where it is not base64.
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
