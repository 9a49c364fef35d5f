package clerkdirectory

import (
	"net/http"
	"strings"

	"github.com/lockstep-dev/lockstep/internal/upstream"
)

// delivery is what the headers of a delivery say.
type delivery struct {
	id         string
	signed     string // the time, as it was sent
	signatures []string
}

func parseDelivery(header http.Header) (delivery, error) {
	family := family(header)
	d := delivery{id: deliveryID(header)}
	d.signed = header.Get(family + "timestamp")
	if d.id == "" || !upstream.IsTime(d.signed) || len(header.Values(family+"timestamp")) != 1 {
		return d, ErrBadHeader
	}
	lines := header.Values(family + "signature")
	if len(lines) > 1 {
		return d, ErrBadHeader
	}
	parts := 0
	for _, line := range lines {
		for part := range strings.SplitSeq(line, " ") {
			if parts++; parts > 2*upstream.MostSignatures {
				return d, ErrBadHeader
			}
			if version, value, _ := strings.Cut(part, ","); version == "v1" {
				d.signatures = append(d.signatures, value)
			}
		}
	}
	switch {
	case len(d.signatures) == 0:
		return d, ErrNoSignature
	case len(d.signatures) > upstream.MostSignatures:
		return d, ErrBadHeader
	}
	return d, nil
}

// family is the prefix of the headers that count, for verifying and for reading
// alike: otherwise the id that is signed and the one that is kept could differ.
func family(header http.Header) string {
	if len(header.Values("svix-id")) > 0 {
		return "svix-"
	}
	return "webhook-"
}

// deliveryID is the id that stays the same on every retry and replay; empty where
// it is missing or not one. A dot is refused: what is signed is id, time and body
// with dots between.
func deliveryID(header http.Header) string {
	ids := header.Values(family(header) + "id")
	if len(ids) != 1 || len(ids[0]) > upstream.LongestID || strings.Contains(ids[0], ".") ||
		strings.ContainsFunc(ids[0], upstream.Invisible) {
		return ""
	}
	return ids[0]
}
